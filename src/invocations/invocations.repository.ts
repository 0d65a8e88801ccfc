import { Injectable } from '@nestjs/common';
import { AgentNotFoundError } from '../agents/agents.errors.js';
import { CursorCodec, pageOf } from '../platform/database/cursors.js';
import { conditionFailed, DynamoDb } from '../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../platform/database/unit-of-work.js';
import { eventWrite } from '../platform/events/platform-events.repository.js';
import { type PackedText, pack, unpack } from '../platform/database/packed-text.js';
import type { RolloutPart } from '../statistics/fact.js';
import { boundsOf, type Page, type TimeRange } from '../shared/page.js';
import type { Approval, Invocation, InvocationStatus, KeptRequest, Suspended } from './invocation.js';
import { ApprovalNotPendingError, RunEndedElsewhereError } from './invocations.errors.js';
import { dueDelivery } from './webhook-deliveries.repository.js';

const TABLE = 'AgentInvocations';
const RUNNING = 'RUNNING';
const RUN_IS_STILL_MARKED_RUNNING = 'running = :running';
const RUN_WAITS = '#status = :waiting';
/** Uncounted runs are spread over a few partitions of their sparse index to avoid a hot partition. */
const SHARDS = ['U0', 'U1', 'U2', 'U3'] as const;

type Row = Omit<
  Invocation,
  'input_text' | 'output_text' | 'trace' | 'kept_request' | 'suspended' | 'usage' | 'rollout_id'
> & {
  /** Includes the rollout's counts: `UncountedIndex` projects `usage` as a whole, and attributes cannot be added to an index. */
  usage: Invocation['usage'] & { rollout?: RolloutPart };
  input_text: PackedText;
  output_text: PackedText | null;
  /** JSON: one text costs a fraction of a hundred attributes. Lists do not have it. */
  trace?: PackedText | null;
  /** JSON, as the trace. */
  kept_request?: PackedText;
  /** JSON, as the trace. */
  suspended?: PackedText;
  uncounted?: string;
};

/** The attributes of a run in `UncountedIndex`. */
export type CountedPart = Pick<
  Invocation,
  'invocation_id' | 'org_id' | 'agent_id' | 'created_at' | 'status' | 'error' | 'duration_ms' | 'usage'
> & { rollout?: RolloutPart };

/** An invocation with what the statistics need to know of its record. */
export type CountableInvocation = Invocation & { uncounted?: string };

export interface InvocationFilter extends TimeRange {
  agent_id?: string | undefined;
  status?: InvocationStatus | undefined;
}

@Injectable()
export class InvocationsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
    private readonly unit: UnitOfWork,
  ) {}

  /**
   * POST /agents/{id}/invoke: one write for a run that has ended, batched with other runs that end at the same time; one transaction for a
   * failed run, with its event. It is not counted yet.
   */
  async create(invocation: Invocation): Promise<void> {
    const { invocation_id } = invocation;
    const event = failureEvent(invocation);
    if (event.length === 0) await this.db.putTogether(TABLE, { invocation_id }, finishedItem(invocation));
    else await this.unit.commit([write.put({ TableName: TABLE, Item: finishedItem(invocation) }), ...event]);
  }

  /**
   * Records a run while it is running, so that a crash leaves a record.
   * @param run_expires_at the end of its lease; undefined for a run that the engine leases
   * @throws AgentNotFoundError when the agent is being deleted.
   */
  async begin(invocation: Invocation, run_expires_at: string | undefined, together: readonly Write[]): Promise<void> {
    const expiry = run_expires_at === undefined ? {} : { run_expires_at };
    await this.putWhileAgentLives(invocation, { ...packed(invocation), running: RUNNING, ...expiry }, {}, together);
  }

  /**
   * The end of a run that was recorded before, or should have been.
   * @throws AgentNotFoundError when its agent was deleted meanwhile, RunEndedElsewhereError when it was ended as interrupted.
   */
  async finish(invocation: Invocation, together: readonly Write[]): Promise<void> {
    const delivery = dueDelivery(invocation, invocation.completed_at ?? invocation.created_at);
    await this.putWhileAgentLives(invocation, finishedItem(invocation), RUN_HAS_NOT_ENDED, [
      ...delivery,
      ...failureEvent(invocation),
      ...together,
    ]);
  }

  /**
   * The run waits for decisions: no process has it.
   * @throws AgentNotFoundError, RunEndedElsewhereError
   */
  async hold(invocation: Invocation, together: readonly Write[]): Promise<void> {
    await this.putWhileAgentLives(invocation, packed(invocation), RUN_HAS_NOT_ENDED, together);
  }

  /** Continues a waiting run in this process. @returns false when it is not waiting: it was cancelled or has continued already */
  async resume({ invocation_id }: Invocation, approvals: Approval[], together: readonly Write[]): Promise<boolean> {
    const update = {
      TableName: TABLE,
      Key: { invocation_id },
      UpdateExpression:
        'SET #status = :running_status, running = :running, approvals = :approvals, has_events = :true REMOVE suspended',
      ConditionExpression: RUN_WAITS,
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: {
        ':running_status': 'running',
        ':running': RUNNING,
        ':waiting': 'waiting',
        ':approvals': approvals,
        ':true': true,
      },
    };
    return this.unit.tryCommit([write.update(update), ...together]);
  }

  /**
   * POST /invocations/{id}/approvals/{approval_id}/decision.
   * @param index position of `approval` in the run's list
   * @throws ApprovalNotPendingError from the transaction, when it was decided or has expired
   */
  decision({ invocation_id }: Invocation, index: number, approval: Approval): Write {
    const { approval_id, status, by, comment, decided_at } = approval;
    const path = `approvals[${index}]`;
    const update = {
      TableName: TABLE,
      Key: { invocation_id },
      UpdateExpression: `SET ${path}.#status = :decided, ${path}.#by = :by, ${path}.#comment = :comment, ${path}.decided_at = :at`,
      ConditionExpression: `${RUN_WAITS} AND ${path}.approval_id = :id AND ${path}.#status = :pending AND ${path}.expires_at > :at`,
      ExpressionAttributeNames: { '#status': 'status', '#by': 'by', '#comment': 'comment' },
      ExpressionAttributeValues: {
        ...{ ':waiting': 'waiting', ':pending': 'pending', ':id': approval_id },
        ...{ ':decided': status, ':by': by, ':comment': comment, ':at': decided_at },
      },
    };
    return write.update(update, () => new ApprovalNotPendingError(approval_id, 'decided or expired'));
  }

  /** Ends a waiting run. @returns false when it is no longer waiting */
  async cancelWaiting(
    invocation: Invocation,
    message: string,
    at: string,
    together: readonly Write[],
  ): Promise<boolean> {
    const runWaits = { ConditionExpression: RUN_WAITS, values: { ':waiting': 'waiting' } };
    const writes = this.interruption(invocation, at, runWaits, { reason: 'cancelled', message });
    return this.unit.tryCommit([...writes, ...together]);
  }

  /** Renews the lease of a run. @returns false when the run is no longer recorded as running. */
  async renew(invocation_id: string, run_expires_at: string): Promise<boolean> {
    try {
      await this.db.update({
        TableName: TABLE,
        Key: { invocation_id },
        UpdateExpression: 'SET run_expires_at = :expires',
        ConditionExpression: RUN_IS_STILL_MARKED_RUNNING,
        ExpressionAttributeValues: { ':running': RUNNING, ':expires': run_expires_at },
      });
      return true;
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      return false;
    }
  }

  /** Ends a run whose process died as failed, unless it has ended or renewed its lease since. */
  async interrupt(invocation_id: string, at: string, before: string): Promise<void> {
    const row = await this.db.get<Row>(TABLE, { invocation_id });
    if (!row) return;
    const runIsStillDead = {
      ConditionExpression: `${RUN_IS_STILL_MARKED_RUNNING} AND run_expires_at < :before`,
      values: { ':running': RUNNING, ':before': before },
    };
    await this.unit.tryCommit(this.interruption(row, at, runIsStillDead));
  }

  /** Ends a run of the engine whose process died as failed, in one transaction with the end of the engine's run. */
  async interruptLost(invocation: Invocation, at: string, together: readonly Write[]): Promise<void> {
    const values = { ':running': RUNNING };
    const runIsStillRunning = { ConditionExpression: RUN_IS_STILL_MARKED_RUNNING, values };
    const error = invocation.approvals ? INTERRUPTED_AFTER_APPROVAL : INTERRUPTED;
    await this.unit.commit([...this.interruption(invocation, at, runIsStillRunning, error), ...together]);
  }

  /** Running runs whose lease expired before this time. */
  async *listRunning(before: string): AsyncGenerator<string> {
    const query = {
      TableName: TABLE,
      IndexName: 'RunningIndex',
      KeyConditionExpression: 'running = :running AND run_expires_at < :before',
      ExpressionAttributeValues: { ':running': RUNNING, ':before': before },
    };
    for await (const { invocation_id } of this.db.queryAll<{ invocation_id: string }>(query)) yield invocation_id;
  }

  /** For the engine, which has the id of a run from its own record. */
  async find(invocation_id: string): Promise<Invocation | undefined> {
    const row = await this.db.get<Row>(TABLE, { invocation_id });
    return row && unpacked(row);
  }

  async findById(org_id: string, invocation_id: string): Promise<Invocation | undefined> {
    const row = await this.db.get<Row>(TABLE, { invocation_id });
    return row?.org_id === org_id ? unpacked(row) : undefined;
  }

  /** GET /invocations, GET /agents/{id}/invocations: newest first. The status is applied to what was read. */
  async list(
    org_id: string,
    { agent_id, status, ...range }: InvocationFilter,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Invocation>> {
    const { from, to } = boundsOf(range);
    const index =
      agent_id === undefined
        ? { name: 'OrgIndex', attribute: 'org_id', value: org_id }
        : { name: 'AgentIndex', attribute: 'agent_id', value: agent_id };
    const filter = [agent_id, status, range.from, range.to];
    const { items, last_key } = await pageOf<Row>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        IndexName: index.name,
        KeyConditionExpression: '#partition = :partition AND created_at BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#partition': index.attribute },
        ExpressionAttributeValues: { ':partition': index.value, ':from': from, ':to': to },
        ScanIndexForward: false,
      },
      scope: `invocations:${org_id}:${JSON.stringify(filter)}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['invocation_id', index.attribute, 'created_at'],
      ...(status === undefined ? {} : { keep: (row: Row) => row.status === status }),
    });
    return { items: items.filter((row) => row.org_id === org_id).map(unpacked), last_key };
  }

  /** DELETE /v1/responses/{id}: the run stays recorded without what was kept of its request. */
  async forget(org_id: string, invocation_id: string): Promise<void> {
    await this.db.update({
      TableName: TABLE,
      Key: { invocation_id },
      UpdateExpression: 'SET forgotten = :true REMOVE kept_request',
      ConditionExpression: 'org_id = :org',
      ExpressionAttributeValues: { ':org': org_id, ':true': true },
    });
  }

  /** DELETE /sessions/{id}: keeps the run that the session was opened from, but prevents opening it again. */
  async forgetSession(invocation_id: string, session_id: string): Promise<void> {
    const runBeganTheSession = 'session_id = :session';
    try {
      await this.db.update({
        TableName: TABLE,
        Key: { invocation_id },
        UpdateExpression: 'SET session_deleted = :true',
        ConditionExpression: runBeganTheSession,
        ExpressionAttributeValues: { ':session': session_id, ':true': true },
      });
    } catch (error) {
      if (!conditionFailed(error)) throw error;
    }
  }

  /** One page of an agent's records for its deletion, at most 25. */
  async listForDeletion(agent_id: string): Promise<CountableInvocation[]> {
    const { items } = await this.db.query<Row>({
      TableName: TABLE,
      IndexName: 'AgentIndex',
      KeyConditionExpression: 'agent_id = :agent',
      ExpressionAttributeValues: { ':agent': agent_id },
      Limit: 25,
    });
    // The index may lag behind; whether a record is counted must be read from the record itself.
    const rows = await this.db.batchGet<Row>(
      items.map(({ invocation_id }) => ({ table: TABLE, key: { invocation_id } })),
    );
    return rows.filter((row) => row !== undefined).map(unpacked);
  }

  /** Deletes a record on condition that whether it is counted has not changed since it was read. */
  deletion({ invocation_id, uncounted }: CountableInvocation): Write {
    const isAsRead =
      uncounted === undefined
        ? 'attribute_exists(invocation_id) AND attribute_not_exists(uncounted)'
        : 'attribute_exists(uncounted)';
    return write.delete({ TableName: TABLE, Key: { invocation_id }, ConditionExpression: isAsRead });
  }

  async listUncounted(limit: number): Promise<CountedPart[]> {
    const pages = await Promise.all(
      SHARDS.map((shard) =>
        this.db.query<Omit<CountedPart, 'rollout'> & Pick<Row, 'usage'>>({
          TableName: TABLE,
          IndexName: 'UncountedIndex',
          KeyConditionExpression: 'uncounted = :shard',
          ExpressionAttributeValues: { ':shard': shard },
          Limit: Math.ceil(limit / SHARDS.length),
        }),
      ),
    );
    return pages.flatMap(({ items }) =>
      items.map(({ usage: { rollout, ...usage }, ...run }) => ({ ...run, usage, ...(rollout ? { rollout } : {}) })),
    );
  }

  /** Marks a run as counted by the statistics. Fails when it was counted before. */
  counted(invocation_id: string): Write {
    return write.update({
      TableName: TABLE,
      Key: { invocation_id },
      UpdateExpression: 'REMOVE uncounted',
      ConditionExpression: 'attribute_exists(uncounted)',
    });
  }

  /** For the rebuild of the statistics only: reads the whole table. */
  async *all(): AsyncGenerator<CountableInvocation> {
    for await (const row of this.db.scanAll<Row>(TABLE)) yield unpacked(row);
  }

  private interruption(
    run: Omit<Row, 'kept_request' | 'input_text' | 'output_text' | 'trace' | 'suspended'>,
    at: string,
    { ConditionExpression, values }: { ConditionExpression: string; values: Record<string, string> },
    why: Pick<NonNullable<Invocation['error']>, 'reason' | 'message'> = INTERRUPTED,
  ): Write[] {
    const error: Invocation['error'] = { code: 'AGENT_INVOCATION_FAILED', ...why };
    const Update = {
      TableName: TABLE,
      Key: { invocation_id: run.invocation_id },
      UpdateExpression:
        'SET #status = :failed, #error = :error, completed_at = :at, duration_ms = :duration, uncounted = :shard REMOVE running, run_expires_at, suspended',
      ConditionExpression,
      ExpressionAttributeNames: { '#status': 'status', '#error': 'error' },
      ExpressionAttributeValues: {
        ...values,
        ':failed': 'failed',
        ':error': error,
        ':at': at,
        ':duration': run.duration_ms ?? 0,
        ':shard': SHARDS[0],
      },
    };
    const ended = { ...run, status: 'failed' as const, error, completed_at: at };
    return [write.update(Update), ...dueDelivery(run, at), ...failureEvent(ended)];
  }

  private async putWhileAgentLives(
    invocation: Invocation,
    Item: Record<string, unknown>,
    condition: { ConditionExpression?: string; ExpressionAttributeValues?: Record<string, unknown> } = {},
    together: readonly Write[] = [],
  ): Promise<void> {
    const { agent_id, invocation_id } = invocation;
    const agentIsNotBeingDeleted = {
      TableName: 'AgentInstances',
      Key: { agent_id, item: 'AGENT' },
      ConditionExpression: 'attribute_exists(agent_id) AND attribute_not_exists(deletion)',
    };
    await this.unit.commit([
      write.check(agentIsNotBeingDeleted, () => new AgentNotFoundError(agent_id)),
      write.put({ TableName: TABLE, Item, ...condition }, () => new RunEndedElsewhereError(invocation_id)),
      ...together,
    ]);
  }
}

/** The event of a run that failed; its id follows from the run, so a run that is recorded twice has one event. */
function failureEvent(run: Omit<Row, 'kept_request' | 'input_text' | 'output_text' | 'trace' | 'suspended'>): Write[] {
  const { invocation_id, org_id, agent_id, session_id, status, error, created_at, completed_at, depth = 0 } = run;
  if (status !== 'failed') return [];
  const at = completed_at ?? created_at;
  const data = { invocation_id, agent_id, session_id, error, created_at, ended_at: at };
  return [eventWrite({ id: `invocation.failed ${invocation_id}`, org_id, type: 'invocation.failed', at, depth, data })];
}

/** Of the record of a run that is stored at its end or its wait. */
const RUN_HAS_NOT_ENDED = {
  ConditionExpression: `attribute_not_exists(invocation_id) OR ${RUN_IS_STILL_MARKED_RUNNING}`,
  ExpressionAttributeValues: { ':running': RUNNING },
};

const INTERRUPTED = {
  reason: 'interrupted',
  message: 'The process that ran the agent ended before the agent answered',
} as const;
const INTERRUPTED_AFTER_APPROVAL = {
  reason: 'interrupted',
  message: 'The process that ran the agent ended after a call was approved. Approved calls are not repeated.',
} as const;

/** Of a waiting run, compressed: far below the 400 KB of a record, with its texts and its trace. */
const SUSPENDED_MAX_BYTES = 150_000;

/** Whether the state that a waiting run needs to continue fits its record. */
export function isStorable(suspended: Suspended, approvals: Approval[]): boolean {
  const size = Buffer.byteLength(JSON.stringify(approvals));
  return size <= SUSPENDED_MAX_BYTES / 2 && pack(JSON.stringify(suspended)).length <= SUSPENDED_MAX_BYTES;
}

/** What the statistics of a rollout count of a run. */
export function rolloutPart({ rollout_id, agent_version, cost_usd }: Invocation): { rollout?: RolloutPart } {
  if (rollout_id === undefined) return {};
  return { rollout: { rollout_id, version: agent_version, ...(cost_usd === null ? {} : { cost_usd }) } };
}

function packed(invocation: Invocation): Row {
  const { input_text, output_text, trace, kept_request, suspended, rollout_id: _rollout, ...rest } = invocation;
  return {
    ...rest,
    usage: { ...rest.usage, ...rolloutPart(invocation) },
    input_text: pack(input_text),
    output_text: output_text === null ? null : pack(output_text),
    trace: trace === null ? null : pack(JSON.stringify(trace)),
    ...(kept_request ? { kept_request: pack(JSON.stringify(kept_request)) } : {}),
    ...(suspended ? { suspended: pack(JSON.stringify(suspended)) } : {}),
  };
}

function finishedItem(invocation: Invocation): Record<string, unknown> {
  return { ...packed(invocation), uncounted: SHARDS[Math.floor(Math.random() * SHARDS.length)] };
}

function unpacked({ kept_request, suspended, usage: { rollout, ...usage }, ...row }: Row): CountableInvocation {
  return {
    ...row,
    usage,
    ...(rollout ? { rollout_id: rollout.rollout_id } : {}),
    input_text: unpack(row.input_text),
    output_text: row.output_text === null ? null : unpack(row.output_text),
    trace: row.trace ? (JSON.parse(unpack(row.trace)) as Invocation['trace']) : null,
    ...(kept_request ? { kept_request: JSON.parse(unpack(kept_request)) as KeptRequest } : {}),
    ...(suspended ? { suspended: JSON.parse(unpack(suspended)) as Suspended } : {}),
  };
}
