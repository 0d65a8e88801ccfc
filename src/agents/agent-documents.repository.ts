import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../platform/database/unit-of-work.js';
import type { KnowledgeDocument } from '../runtimes/agent-definition.js';
import type { AgentVersion, DocumentReference } from './agent.js';
import { AgentChangedError } from './agents.errors.js';

const compress = promisify<string, Buffer>(gzip);
const decompress = promisify<Buffer, Buffer>(gunzip);

const TABLE = 'AgentInstances';
/** Parts stay far below the 400 KB of an item. */
const PART_BYTES = 300_000;

interface Part {
  item: string;
  body: Uint8Array;
}

/**
 * Texts of documents that are too large for the item of a version: compressed, in parts, keyed by their hash. Versions
 * share a text that does not change. The deletion of the agent deletes them.
 */
@Injectable()
export class AgentDocumentsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /**
   * Stores the texts of a version that will be stored next. Safe to repeat.
   * @param owned written with each part: a condition or an entry by which a deletion finds the texts
   * @throws AgentChangedError
   */
  async store({ agent_id, org_id, definition }: AgentVersion, owned: Write): Promise<DocumentReference[]> {
    const references: DocumentReference[] = [];
    for (const { name, content } of definition.knowledge) {
      const sha256 = createHash('sha256').update(content).digest('hex');
      references.push({ name, sha256, characters: content.length });
      if (await this.db.get<Part>(TABLE, { agent_id, item: partKey(sha256, 0) })) continue;
      const body = await compress(content);
      const parts = Math.max(1, Math.ceil(body.byteLength / PART_BYTES));
      // The first part is stored last: it tells that all parts are there.
      for (let part = parts - 1; part >= 0; part--) {
        const own = { agent_id, org_id, item: partKey(sha256, part) };
        const Item = { ...own, body: body.subarray(part * PART_BYTES, (part + 1) * PART_BYTES) };
        const changed = () => new AgentChangedError(agent_id);
        await this.unit.commitOr(changed, [owned, write.put({ TableName: TABLE, Item })]);
      }
    }
    return references;
  }

  async read(agent_id: string, references: readonly DocumentReference[]): Promise<KnowledgeDocument[]> {
    const documents: KnowledgeDocument[] = [];
    for (const { name, sha256 } of references) {
      const bodies: Uint8Array[] = [];
      for await (const { body } of this.db.queryAll<Part>({
        TableName: TABLE,
        KeyConditionExpression: 'agent_id = :id AND begins_with(#item, :document)',
        ExpressionAttributeNames: { '#item': 'item' },
        ExpressionAttributeValues: { ':id': agent_id, ':document': `DOCUMENT#${sha256}#` },
        ConsistentRead: true,
      }))
        bodies.push(body);
      documents.push({ name, content: (await decompress(Buffer.concat(bodies))).toString('utf8') });
    }
    return documents;
  }
}

const partKey = (sha256: string, part: number): string => `DOCUMENT#${sha256}#${String(part).padStart(4, '0')}`;
