import { randomUUID } from 'node:crypto';
import type { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import type { TableDefinition } from '../../src/platform/database/table-definition.js';
import { UnitOfWork, write, type Write } from '../../src/platform/database/unit-of-work.js';
import type { Clock } from '../../src/shared/clock.js';
import { type Fact, type StoredFact, FactSource, GaugeSource, type UncountedFact } from '../../src/statistics/fact.js';
import type { GaugeName } from '../../src/statistics/counter-row.js';
import { deletionBatches } from '../../src/statistics/archived-deletion.js';

const FACTS = 'TestFacts';
const THINGS = 'TestThings';
const WAITING = '1';

export const FACT_TABLES: TableDefinition[] = [
  {
    name: FACTS,
    partition_key: 'id',
    indexes: [{ name: 'UncountedIndex', partition_key: 'uncounted', sort_key: 'occurred_at' }],
  },
  { name: THINGS, partition_key: 'id' },
];

type FactRecord = Fact & { id: string; uncounted?: string };

/** Records with facts, stored as agents and builds store theirs: an attribute that only uncounted ones carry. */
export class FactRecords extends FactSource {
  override readonly name = 'test facts';

  constructor(private readonly db: DynamoDb) {
    super();
  }

  async store(id: string, fact: Fact): Promise<void> {
    await this.db.put({ TableName: FACTS, Item: { ...fact, id, uncounted: WAITING } });
  }

  /** Many at once, in transactions of 50: engines in Java take few connections at a time. */
  async storeAll(facts: Fact[]): Promise<void> {
    const items = facts.map((fact) => ({
      Put: { TableName: FACTS, Item: { ...fact, id: randomUUID(), uncounted: WAITING } },
    }));
    for (let start = 0; start < items.length; start += 50) await this.db.transact(items.slice(start, start + 50));
  }

  /** As what stores a fact announces it. */
  announced(id: string, fact: Fact): UncountedFact {
    return { fact, record: id, mark: markOf(id) };
  }

  override async uncounted(limit: number): Promise<UncountedFact[]> {
    const { items } = await this.db.query<FactRecord>({
      TableName: FACTS,
      IndexName: 'UncountedIndex',
      KeyConditionExpression: 'uncounted = :waiting',
      ExpressionAttributeValues: { ':waiting': WAITING },
      Limit: limit,
    });
    return items.map(({ id, uncounted: _, ...fact }) => this.announced(id, fact));
  }

  override async *all(): AsyncGenerator<StoredFact> {
    for await (const { id: _, uncounted, ...fact } of this.db.scanAll<FactRecord>(FACTS))
      yield { ...fact, counted: uncounted === undefined };
  }

  /** Deletes whatever is there at the moment, as a cascade does: archive and delete in one transaction. */
  async deleteAll(clock: Clock): Promise<void> {
    const records: (FactRecord & { counted: boolean })[] = [];
    for await (const record of this.db.scanAll<FactRecord>(FACTS))
      records.push({ ...record, counted: record.uncounted === undefined });
    for (const batch of deletionBatches(records, clock.now()))
      await new UnitOfWork(this.db).commit([...batch.records.map(deleteOf), ...batch.items]);
  }
}

function markOf(id: string): Write {
  return write.update({
    TableName: FACTS,
    Key: { id },
    UpdateExpression: 'REMOVE uncounted',
    ConditionExpression: 'attribute_exists(uncounted)',
  });
}

function deleteOf({ id, counted }: { id: string; counted: boolean }): Write {
  const isAsRead = counted ? 'attribute_not_exists(uncounted) AND attribute_exists(id)' : 'attribute_exists(uncounted)';
  return write.delete({ TableName: FACTS, Key: { id }, ConditionExpression: isAsRead });
}

/** Things that a gauge counts. */
export class CountedThings extends GaugeSource {
  constructor(private readonly db: DynamoDb) {
    super();
  }

  async create(id: string, org_id: string, name: GaugeName, gauge: Write): Promise<void> {
    await new UnitOfWork(this.db).commit([write.put({ TableName: THINGS, Item: { id, org_id, name } }), gauge]);
  }

  override async *recount(): AsyncGenerator<{ org_id: string; name: GaugeName }> {
    yield* this.db.scanAll<{ org_id: string; name: GaugeName }>(THINGS);
  }
}
