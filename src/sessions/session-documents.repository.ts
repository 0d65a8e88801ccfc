import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import type { KnowledgeDocument } from '../runtimes/agent-definition.js';

const compress = promisify<string, Buffer>(gzip);
const decompress = promisify<Buffer, Buffer>(gunzip);

const TABLE = 'AgentSessionDocuments';
/** Parts stay far below the 400 KB of an item. */
const PART_BYTES = 300_000;

export interface StoredDocument extends KnowledgeDocument {
  file_id: string;
}

interface Part {
  session_id: string;
  part_key: string;
  org_id: string;
  file_id: string;
  name: string;
  body: Uint8Array;
}

/** Documents uploaded to sessions, compressed and split into parts. */
@Injectable()
export class SessionDocumentsRepository {
  constructor(private readonly db: DynamoDb) {}

  async create(org_id: string, session_id: string, document: StoredDocument): Promise<void> {
    const body = await compress(document.content);
    for (let start = 0, part = 0; start < body.byteLength || part === 0; start += PART_BYTES, part++) {
      const Item: Part = {
        session_id,
        part_key: `${document.file_id}#${String(part).padStart(4, '0')}`,
        org_id,
        file_id: document.file_id,
        name: document.name,
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
