import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../platform/database/cursors.js';
import { DynamoDb, type PutInput } from '../platform/database/client/dynamodb.js';
import { type Write, write } from '../platform/database/unit-of-work.js';
import { type PackedText, pack, unpack } from '../platform/database/packed-text.js';
import type { Page } from '../shared/page.js';
import type { Message } from './session.js';

const TABLE = 'AgentSessionMessages';

type Row = Omit<Message, 'content' | 'parts' | 'calls'> & {
  content: PackedText;
  /** JSON of `parts` and `calls`. */
  detail?: PackedText;
};

/** A message, for the transaction that also updates the session's count. */
export function messageItem({ parts, calls, ...message }: Message): PutInput {
  const detail = (parts ?? calls) ? { detail: pack(JSON.stringify({ parts, calls })) } : {};
  return {
    TableName: TABLE,
    Item: { ...message, content: pack(message.content), ...detail },
    ConditionExpression: 'attribute_not_exists(session_id)',
  };
}

/** For the transaction that also counts it. */
export const messageDeletion = (session_id: string, sequence: number): Write =>
  write.delete({ TableName: TABLE, Key: { session_id, sequence } });

@Injectable()
export class MessagesRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
  ) {}

  /** GET /sessions/{id}/messages. */
  async listBySession(
    org_id: string,
    session_id: string,
    page: { limit: number; last_key?: string | undefined; order: 'asc' | 'desc' },
  ): Promise<Page<Message>> {
    const { items, last_key } = await pageOf<Row>(this.db, this.cursors, {
      query: { ...bySession(session_id), ScanIndexForward: page.order === 'asc' },
      scope: `messages:${org_id}:${session_id}:${page.order}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['session_id', 'sequence'],
    });
    return { items: items.filter((row) => row.org_id === org_id).map(unpacked), last_key };
  }

  /** The last `limit` messages, oldest first: what an agent remembers. @param upTo the last sequence to include */
  async listLast(org_id: string, session_id: string, limit: number, upTo?: number): Promise<Message[]> {
    const messages = await this.listFrom(org_id, session_id, { limit, order: 'desc', from: upTo });
    return messages.reverse();
  }

  /** GET /v1/conversations/{id}/items: messages from a sequence on, this one included, in either direction. */
  async listFrom(
    org_id: string,
    session_id: string,
    { limit, order, from }: { limit: number; order: 'asc' | 'desc'; from?: number | undefined },
  ): Promise<Message[]> {
    if (limit === 0) return [];
    const rows: Row[] = [];
    const query = bySession(session_id, from === undefined ? undefined : { from, order });
    // Long messages may need more than one page.
    for await (const row of this.db.queryAll<Row>({ ...query, ScanIndexForward: order === 'asc', Limit: limit })) {
      rows.push(row);
      if (rows.length === limit) break;
    }
    return rows.filter((row) => row.org_id === org_id).map(unpacked);
  }

  async find(org_id: string, session_id: string, sequence: number): Promise<Message | undefined> {
    const row = await this.db.get<Row>(TABLE, { session_id, sequence });
    return row?.org_id === org_id ? unpacked(row) : undefined;
  }

  /** @returns how many messages were deleted. */
  async deleteBySession(session_id: string): Promise<number> {
    const keys: { session_id: string; sequence: number }[] = [];
    for await (const { sequence } of this.db.queryAll<{ sequence: number }>({
      ...bySession(session_id),
      ProjectionExpression: '#sequence',
      ExpressionAttributeNames: { '#sequence': 'sequence' },
    }))
      keys.push({ session_id, sequence });
    await this.db.batchDelete(TABLE, keys);
    return keys.length;
  }
}

function bySession(session_id: string, start?: { from: number; order: 'asc' | 'desc' }) {
  const byKey = {
    TableName: TABLE,
    KeyConditionExpression: 'session_id = :session',
    ExpressionAttributeValues: { ':session': session_id },
    ConsistentRead: true,
  };
  if (!start) return byKey;
  return {
    ...byKey,
    KeyConditionExpression: `session_id = :session AND #sequence ${start.order === 'asc' ? '>=' : '<='} :from`,
    ExpressionAttributeNames: { '#sequence': 'sequence' },
    ExpressionAttributeValues: { ':session': session_id, ':from': start.from },
  };
}

function unpacked({ detail, ...row }: Row): Message {
  const rest = detail ? (JSON.parse(unpack(detail)) as Pick<Message, 'parts' | 'calls'>) : {};
  return { ...row, content: unpack(row.content), ...rest };
}
