import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../platform/database/cursors.js';
import { conditionFailed, DynamoDb } from '../platform/database/client/dynamodb.js';
import { UnitOfWork, write } from '../platform/database/unit-of-work.js';
import { NotFoundError } from '../shared/domain-error.js';
import { boundsOf, type Page, type TimeRange } from '../shared/page.js';
import type { Message, Session } from './session.js';
import { messageDeletion, messageItem } from './messages.repository.js';
import { SessionNotFoundError, TurnLostError } from './sessions.errors.js';

const TABLE = 'AgentSessions';
const MARKED = 'MARKED';

export interface Turn {
  run_id: string;
  expires_at: string;
}

export interface SessionFilter extends TimeRange {
  agent_id?: string | undefined;
  status?: Session['status'] | undefined;
  user_id?: string | undefined;
}

type StoredSession = Session & { deletion?: string };

@Injectable()
export class SessionsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
    private readonly unit: UnitOfWork,
  ) {}

  /**
   * POST /agents/{id}/sessions, and opening a session from an earlier run. Session and messages are one transaction.
   * @returns false when the session exists already. @throws NotFoundError when the agent is gone.
   */
  async create(session: Session, messages: Message[] = []): Promise<boolean> {
    const { agent_id, org_id } = session;
    return this.unit.tryCommit([
      ...(agent_id === '' ? [] : [agentIsAlive(agent_id)]),
      write.put({
        TableName: TABLE,
        Item: { ...session, list_agent: agent_id === '' ? withoutAgent(org_id) : agent_id },
        ConditionExpression: 'attribute_not_exists(session_id)',
      }),
      ...messages.map((message) => write.put(messageItem(message))),
    ]);
  }

  /** Gives a session that was opened without an agent its agent. @returns false when it has one. @throws NotFoundError when the agent is gone */
  async bind({ org_id, session_id }: Session, agent_id: string): Promise<boolean> {
    const sessionHasNoAgent = 'org_id = :org AND agent_id = :none AND attribute_not_exists(deletion)';
    return this.unit.tryCommit([
      agentIsAlive(agent_id),
      write.update({
        TableName: TABLE,
        Key: { session_id },
        UpdateExpression: 'SET agent_id = :agent, list_agent = :agent',
        ConditionExpression: sessionHasNoAgent,
        ExpressionAttributeValues: { ':org': org_id, ':none': '', ':agent': agent_id },
      }),
    ]);
  }

  /** @returns false when the session does not exist. */
  async setMetadata(org_id: string, session_id: string, metadata: Record<string, unknown>): Promise<boolean> {
    return this.change(session_id, 'SET metadata = :metadata', 'org_id = :org AND attribute_not_exists(deletion)', {
      ':metadata': metadata,
      ':org': org_id,
    });
  }

  /** Undefined also for another organization's session and for one that is being deleted. */
  async findById(org_id: string, session_id: string): Promise<Session | undefined> {
    const session = await this.db.get<StoredSession>(TABLE, { session_id });
    return session && session.org_id === org_id && session.deletion === undefined ? session : undefined;
  }

  /** GET /sessions, GET /agents/{id}/sessions: last active first. Status and user are applied to what was read. */
  async list(
    org_id: string,
    { agent_id, status, user_id, ...range }: SessionFilter,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Session>> {
    const { from, to } = boundsOf(range);
    const index =
      agent_id === undefined
        ? { name: 'OrgIndex', attribute: 'org_id', value: org_id }
        : { name: 'LastActiveIndex', attribute: 'list_agent', value: agent_id };
    const isWanted = (session: StoredSession): boolean =>
      session.org_id === org_id &&
      session.deletion === undefined &&
      (status === undefined || session.status === status) &&
      (user_id === undefined || session.user_id === user_id);
    return pageOf<StoredSession>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        IndexName: index.name,
        KeyConditionExpression: '#partition = :partition AND last_active_at BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#partition': index.attribute },
        ExpressionAttributeValues: { ':partition': index.value, ':from': from, ':to': to },
        ScanIndexForward: false,
      },
      scope: `sessions:${org_id}:${JSON.stringify([agent_id, status, user_id, range.from, range.to])}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['session_id', index.attribute, 'last_active_at'],
      keep: isWanted,
    });
  }

  /** Takes the turn in an active session. @returns the session, or undefined when the turn is taken. */
  async takeTurn(org_id: string, session_id: string, turn: Turn, now: string): Promise<Session | undefined> {
    const sessionIsFree =
      'org_id = :org AND #status = :active AND attribute_not_exists(deletion) AND (attribute_not_exists(run_id) OR run_expires_at < :now)';
    try {
      return await this.db.update<Session>({
        TableName: TABLE,
        Key: { session_id },
        UpdateExpression: 'SET run_id = :run, run_expires_at = :expires',
        ConditionExpression: sessionIsFree,
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':org': org_id,
          ':active': 'active',
          ':now': now,
          ':run': turn.run_id,
          ':expires': turn.expires_at,
        },
      });
    } catch (error) {
      if (conditionFailed(error)) return undefined;
      throw error;
    }
  }

  /** Renews the lease of the turn. @returns false when the turn was lost. */
  renewTurn(session_id: string, turn: Turn): Promise<boolean> {
    return this.whileHeld(session_id, turn.run_id, 'SET run_expires_at = :expires', { ':expires': turn.expires_at });
  }

  /** Gives the turn back without a message. Does nothing when the turn was lost. */
  endTurn(session_id: string, run_id: string): Promise<boolean> {
    return this.whileHeld(session_id, run_id, 'REMOVE run_id, run_expires_at');
  }

  /**
   * Adds the session's next messages, at most 90. Session and messages change in one transaction.
   * @throws TurnLostError when the turn was lost.
   */
  async append(
    session: Session,
    messages: Message[],
    options: { run_id: string; endsTurn: boolean },
  ): Promise<Session> {
    const last = messages.at(-1);
    if (!last) return session;
    const runHasTheTurn = 'run_id = :run AND message_count = :count AND attribute_not_exists(deletion)';
    const Update = {
      TableName: TABLE,
      Key: { session_id: session.session_id },
      UpdateExpression: `SET message_count = :next, last_active_at = :at${options.endsTurn ? ' REMOVE run_id, run_expires_at' : ''}`,
      ConditionExpression: runHasTheTurn,
      ExpressionAttributeValues: {
        ':run': options.run_id,
        ':count': session.message_count,
        ':next': last.sequence,
        ':at': last.created_at,
      },
    };
    const lost = () => new TurnLostError(session.session_id);
    await this.unit.commit([write.update(Update, lost), ...messages.map((message) => write.put(messageItem(message)))]);
    return { ...session, message_count: last.sequence, last_active_at: last.created_at };
  }

  /** Closes a session to new messages. @returns false when the session does not exist. */
  async close(org_id: string, session_id: string): Promise<boolean> {
    return this.change(
      session_id,
      'SET #status = :closed',
      'org_id = :org AND attribute_not_exists(deletion)',
      { ':closed': 'closed', ':org': org_id },
      { '#status': 'status' },
    );
  }

  /** Deletes a message and counts it, in one transaction. @throws SessionNotFoundError */
  async deleteMessage(org_id: string, session_id: string, sequence: number): Promise<void> {
    const counted = {
      TableName: TABLE,
      Key: { session_id },
      UpdateExpression: 'ADD messages_deleted :one',
      ConditionExpression: 'org_id = :org AND attribute_not_exists(deletion)',
      ExpressionAttributeValues: { ':one': 1, ':org': org_id },
    };
    const gone = () => new SessionNotFoundError(session_id);
    await this.unit.commit([write.update(counted, gone), messageDeletion(session_id, sequence)]);
  }

  async addDocuments(org_id: string, session_id: string, added: number): Promise<boolean> {
    return this.change(session_id, 'ADD document_count :added', 'org_id = :org AND attribute_not_exists(deletion)', {
      ':added': added,
      ':org': org_id,
    });
  }

  /** Marks a session as deleted: it is 404 and takes no more messages. @returns false when the session does not exist. */
  async mark(org_id: string, session_id: string): Promise<boolean> {
    return this.change(
      session_id,
      'SET deletion = :marked REMOVE list_agent',
      'org_id = :org AND attribute_not_exists(deletion)',
      { ':marked': MARKED, ':org': org_id },
    );
  }

  async deleteItem(session_id: string): Promise<void> {
    await this.db.batchDelete(TABLE, [{ session_id }]);
  }

  /** Sessions of an agent that is being deleted, a page at a time. */
  async idsByAgent(agent_id: string, limit: number): Promise<string[]> {
    const { items } = await this.db.query<{ session_id: string }>({
      TableName: TABLE,
      IndexName: 'LastActiveIndex',
      KeyConditionExpression: 'list_agent = :agent',
      ExpressionAttributeValues: { ':agent': agent_id },
      Limit: limit,
    });
    return items.map(({ session_id }) => session_id);
  }

  /** Ids of sessions whose deletion was interrupted. */
  async *marked(): AsyncGenerator<string> {
    const query = {
      TableName: TABLE,
      IndexName: 'DeletionIndex',
      KeyConditionExpression: 'deletion = :marked',
      ExpressionAttributeValues: { ':marked': MARKED },
    };
    for await (const { session_id } of this.db.queryAll<{ session_id: string }>(query)) yield session_id;
  }

  private whileHeld(
    session_id: string,
    run_id: string,
    expression: string,
    values: Record<string, unknown> = {},
  ): Promise<boolean> {
    return this.change(session_id, expression, 'run_id = :run AND attribute_not_exists(deletion)', {
      ...values,
      ':run': run_id,
    });
  }

  private async change(
    session_id: string,
    UpdateExpression: string,
    ConditionExpression: string,
    ExpressionAttributeValues: Record<string, unknown>,
    names?: Record<string, string>,
  ): Promise<boolean> {
    try {
      await this.db.update({
        TableName: TABLE,
        Key: { session_id },
        UpdateExpression,
        ConditionExpression,
        ExpressionAttributeValues,
        ...(names ? { ExpressionAttributeNames: names } : {}),
      });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }
}

/** The list of an organization's sessions that have no agent yet. */
export const withoutAgent = (org_id: string): string => `WITHOUT_AGENT#${org_id}`;

function agentIsAlive(agent_id: string) {
  const alive = {
    TableName: 'AgentInstances',
    Key: { agent_id, item: 'AGENT' },
    ConditionExpression: 'attribute_exists(agent_id) AND attribute_not_exists(deletion)',
  };
  return write.check(alive, () => new NotFoundError('Agent', agent_id));
}
