import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../platform/database/cursors.js';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import type { KnowledgeDocument } from '../runtimes/agent-definition.js';
import type { Page } from '../shared/page.js';

const compress = promisify<string, Buffer>(gzip);
const decompress = promisify<Buffer, Buffer>(gunzip);

const TABLE = 'AgentSessionDocuments';
/** Parts stay far below the 400 KB of an item. */
const PART_BYTES = 300_000;

export interface StoredDocument extends KnowledgeDocument {
  file_id: string;
}

/** A document without its text. */
export interface ListedDocument {
  file_id: string;
  name: string;
  /** Of its text. Absent in records of version 1.0.0. */
  characters?: number;
}

interface Part extends ListedDocument {
  session_id: string;
  part_key: string;
  org_id: string;
  body: Uint8Array;
}

/** Documents uploaded to sessions, compressed and split into parts. */
@Injectable()
export class SessionDocumentsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
  ) {}

  async create(org_id: string, session_id: string, document: StoredDocument): Promise<void> {
    const body = await compress(document.content);
    for (let start = 0, part = 0; start < body.byteLength || part === 0; start += PART_BYTES, part++) {
      const Item: Part = {
        session_id,
        part_key: `${document.file_id}#${String(part).padStart(4, '0')}`,
        org_id,
        file_id: document.file_id,
        name: document.name,
        characters: document.content.length,
        body: body.subarray(start, start + PART_BYTES),
      };
      await this.db.put({ TableName: TABLE, Item });
    }
  }

  async listBySession(org_id: string, session_id: string): Promise<StoredDocument[]> {
    const parts = new Map<string, Part[]>();
    for await (const part of this.parts(session_id))
      if (part.org_id === org_id) parts.set(part.file_id, [...(parts.get(part.file_id) ?? []), part]);
    const documents: StoredDocument[] = [];
    for (const [file_id, all] of parts) {
      const content = await decompress(Buffer.concat(all.map(({ body }) => body)));
      documents.push({ file_id, name: all[0]?.name ?? file_id, content: content.toString('utf8') });
    }
    return documents;
  }

  /** GET /sessions/{id}/documents: oldest first, by the first part of each. */
  async list(
    org_id: string,
    session_id: string,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<ListedDocument>> {
    return pageOf<Omit<Part, 'body'>>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        KeyConditionExpression: 'session_id = :session',
        ExpressionAttributeNames: { '#name': 'name', '#characters': 'characters' },
        ExpressionAttributeValues: { ':session': session_id },
        ProjectionExpression: 'session_id, part_key, org_id, file_id, #name, #characters',
        ConsistentRead: true,
      },
      scope: `session-documents:${org_id}:${session_id}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['session_id', 'part_key'],
      keep: (part) => part.org_id === org_id && part.part_key.endsWith('#0000'),
    });
  }

  async deleteBySession(session_id: string): Promise<void> {
    const keys: { session_id: string; part_key: string }[] = [];
    for await (const { part_key } of this.parts(session_id)) keys.push({ session_id, part_key });
    await this.db.batchDelete(TABLE, keys);
  }

  private parts(session_id: string): AsyncGenerator<Part> {
    return this.db.queryAll<Part>({
      TableName: TABLE,
      KeyConditionExpression: 'session_id = :session',
      ExpressionAttributeValues: { ':session': session_id },
      ConsistentRead: true,
    });
  }
}
