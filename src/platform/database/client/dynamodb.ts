import {
  BatchWriteCommand,
  type BatchWriteCommandInput,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isRefusedConnection, isTransactionConflict, toDatabaseError } from './database-faults.js';
import type {
  DeleteInput,
  Key,
  PutInput,
  QueryInput,
  ReadRequest,
  TransactItem,
  UpdateInput,
} from '../database-inputs.js';
import type { DocumentClient } from './document-client.js';
import { identityOf, pauseAfter, READ_BATCH_LIMIT, readBatch } from './read-batch.js';
import { Batcher } from '../../async/batcher.js';
import { Coalescer } from '../../async/coalescer.js';
import type { TableDefinition } from '../table-definition.js';

export { conditionFailed, failedConditions, isTransactionConflict } from './database-faults.js';
export type { DeleteInput, Key, PutInput, QueryInput, TransactItem, UpdateInput } from '../database-inputs.js';

/** DynamoDB's limit of writes in one BatchWriteItem. */
const WRITE_BATCH_LIMIT = 25;
/** Far below DynamoDB's limit of 100 writes in a transaction: what is larger than 4 MB together would be refused. */
const TRANSACTION_BATCH_LIMIT = 50;
const WRITE_BATCHES_AT_ONCE = 2;

/** All attempts of one call together: if the database hangs, callers get 503 after this long. */
const CALL_DEADLINE_SECONDS = 3;

/** An embedded database that crashed is back within a fraction of a second; refused connections are retried for this long. */
const RESTART_PATIENCE_MS = 1_000;
const RECONNECT_PAUSE_MS = 50;

/** Other transactions hold a record for milliseconds only. */
const CONFLICT_ATTEMPTS = 6;
const CONFLICT_PAUSE_MS = 10;

type CallOptions = { abortSignal: AbortSignal };
type Row = Record<string, unknown>;
type SinglePut = { table: string; key: Key; item: Row };
type BatchRequests = NonNullable<BatchWriteCommandInput['RequestItems']>;

/**
 * The platform's only door to DynamoDB. Table names are logical (`AgentProjects`): the prefix of the environment is added
 * here. Values are plain JavaScript; undefined attributes are left out. Every call is bounded by a deadline.
 *
 * A single write whose response was lost is sent again and may meet its own effect (a condition that fails, an ADD that counts
 * twice). Where that matters, use `transact`, which is exact.
 *
 * Errors: failed conditions and transaction conflicts come as the SDK throws them (see `conditionFailed`,
 * `failedConditions`, `isTransactionConflict`); throttling and an unreachable database are `DatabaseUnavailableError`,
 * anything else `DatabaseError`.
 */
export class DynamoDb {
  private readonly reads = new Batcher<ReadRequest, Row | undefined>({
    limit: READ_BATCH_LIMIT,
    at_once: Infinity,
    gathers: true,
    many: (requests) => this.readTogether(requests),
    one: ({ table, key }) => this.getOne(table, key, true),
  });

  private readonly writes: Batcher<SinglePut, void>;

  /** Identical queries of one moment. */
  private readonly queries = new Coalescer();

  /**
   * @param is_aws false for an engine on this machine: it waits for the disk once a transaction, but for each record of a BatchWriteItem. AWS
   * does not, and charges twice for a write in a transaction.
   */
  constructor(
    private readonly client: DocumentClient,
    private readonly prefix: string,
    is_aws: boolean,
    private readonly deadline_seconds = CALL_DEADLINE_SECONDS,
  ) {
    this.writes = new Batcher<SinglePut, void>({
      limit: is_aws ? WRITE_BATCH_LIMIT : TRANSACTION_BATCH_LIMIT,
      at_once: WRITE_BATCHES_AT_ONCE,
      gathers: true,
      keyOf: ({ table, key }) => identityOf(table, key),
      many: is_aws
        ? (puts) => this.batchPut(puts)
        : (puts) => this.transact(puts.map(({ table, item }) => ({ Put: { TableName: table, Item: item } }))),
      one: ({ table, item }) => this.put({ TableName: table, Item: item }),
    });
  }

  /** The real name of a table in this environment. */
  tableName(table: string): string {
    return this.prefix + table;
  }

  /** Reads one record, consistently by default. Consistent reads of one event-loop turn share one request. */
  async get<T>(table: string, key: Key, options: { consistent?: boolean } = {}): Promise<T | undefined> {
    const row = options.consistent === false ? this.getOne(table, key, false) : this.reads.add({ table, key });
    return (await row) as T | undefined;
  }

  /** Reads any number of records, consistently, in the requested order; undefined for missing records. Shared as {@link query} is. */
  async batchGet<T>(requests: ReadRequest[]): Promise<(T | undefined)[]> {
    const key = `get ${JSON.stringify(requests)}`;
    const rows = await this.queries.run(key, () => this.batchGetOnce<T & object>(requests));
    return rows.map((row) => row && { ...row });
  }

  private async batchGetOnce<T>(requests: ReadRequest[]): Promise<(T | undefined)[]> {
    const named = requests.map(({ table, key }) => ({ table: this.tableName(table), key }));
    const unique = [...new Map(named.map((request) => [identityOf(request.table, request.key), request])).values()];
    const batches = await Promise.all(
      chunks(unique, READ_BATCH_LIMIT).map((batch) =>
        readBatch(batch, (command) => this.run((options) => this.client.send(command, options))),
      ),
    );
    const found = new Map(batches.flatMap((batch) => [...batch]));
    return named.map(({ table, key }) => found.get(identityOf(table, key)) as T | undefined);
  }

  async put(input: PutInput): Promise<void> {
    await this.run((options) => this.client.send(new PutCommand(this.named(input)), options));
  }

  /**
   * Puts a record without a condition, together with others that are put at the same time.
   * @param key the record's own key; of two puts of one record the later one is stored later.
   */
  async putTogether(table: string, key: Key, item: Row): Promise<void> {
    await this.writes.add({ table, key, item });
  }

  /** @returns the whole record as it is after the update. */
  async update<T>(input: UpdateInput): Promise<T> {
    const command = new UpdateCommand({ ...this.named(input), ReturnValues: 'ALL_NEW' });
    return (await this.run((options) => this.client.send(command, options))).Attributes as T;
  }

  async delete(input: DeleteInput): Promise<void> {
    await this.run((options) => this.client.send(new DeleteCommand(this.named(input)), options));
  }

  /**
   * One page of DynamoDB: at most `Limit` records and 1 MB; a filter may leave it empty although more follows. Identical queries at the same
   * time share one call, which never began before the query that it answers. Values inside of records are shared: never change them.
   */
  async query<T>(input: QueryInput): Promise<{ items: T[]; last_evaluated_key?: Key }> {
    const page = await this.queries.run(JSON.stringify(input), () => this.queryOnce<T & object>(input));
    return { ...page, items: page.items.map((item) => ({ ...item })) };
  }

  private async queryOnce<T>(input: QueryInput): Promise<{ items: T[]; last_evaluated_key?: Key }> {
    const answer = await this.run((options) => this.client.send(new QueryCommand(this.named(input)), options));
    const items = (answer.Items ?? []) as T[];
    return answer.LastEvaluatedKey ? { items, last_evaluated_key: answer.LastEvaluatedKey } : { items };
  }

  /** Every record of a query, page by page; the next page is read when the consumer gets there. */
  async *queryAll<T>(input: QueryInput): AsyncGenerator<T> {
    let start = input.ExclusiveStartKey;
    do {
      const page: { items: T[]; last_evaluated_key?: Key } = await this.query<T>({
        ...input,
        ExclusiveStartKey: start,
      });
      yield* page.items;
      start = page.last_evaluated_key;
    } while (start);
  }

  /**
   * Writes all items or none; at most 100, each of another record, 4 MB together. Its attempts carry one token, by which
   * DynamoDB applies it once even if the response to the first attempt was lost. Conflicts with other transactions are retried a
   * few times, then thrown.
   */
  async transact(items: TransactItem[]): Promise<void> {
    const input = { TransactItems: items.map((item) => this.namedItem(item)), ClientRequestToken: randomUUID() };
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.run((options) => this.client.send(new TransactWriteCommand(input), options));
        return;
      } catch (error) {
        if (!isTransactionConflict(error) || attempt === CONFLICT_ATTEMPTS) throw error;
        await delay(Math.random() * CONFLICT_PAUSE_MS * 2 ** attempt);
      }
    }
  }

  /** Deletes any number of records, without conditions; deleting a missing record is not an error, so a repeat is safe. */
  async batchDelete(table: string, keys: Key[]): Promise<void> {
    const TableName = this.tableName(table);
    const unique = [...new Map(keys.map((key) => [identityOf(table, key), key])).values()];
    for (const batch of chunks(unique, WRITE_BATCH_LIMIT))
      await this.writeBatch({ [TableName]: batch.map((Key) => ({ DeleteRequest: { Key } })) });
  }

  /** Scans a whole table. Only for maintenance commands, never for a request. */
  async *scanAll<T>(table: string): AsyncGenerator<T> {
    const TableName = this.tableName(table);
    let ExclusiveStartKey: Row | undefined;
    do {
      const command = new ScanCommand({ TableName, ExclusiveStartKey, ConsistentRead: true });
      const page = await this.run((options) => this.client.send(command, options));
      yield* (page.Items ?? []) as T[];
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }

  /**
   * Scans a whole table and deletes the records that match. Only for the deletion of an organization.
   * @returns how many matched
   */
  async deleteMatching<T>(table: string, matches: (record: T) => boolean, keyOf: (record: T) => Key): Promise<number> {
    const keys: Key[] = [];
    for await (const record of this.scanAll<T>(table)) if (matches(record)) keys.push(keyOf(record));
    await this.batchDelete(table, keys);
    return keys.length;
  }

  /** Keys of expired records, by a scan. Only for the sweep of the embedded database. */
  async *scanExpired(
    { name, partition_key, sort_key }: TableDefinition,
    ttl: string,
    now: number,
  ): AsyncGenerator<Key> {
    const key = [partition_key, ...(sort_key === undefined ? [] : [sort_key])];
    let ExclusiveStartKey: Row | undefined;
    do {
      const command = new ScanCommand({
        TableName: this.tableName(name),
        FilterExpression: '#ttl < :now',
        ProjectionExpression: key.map((_, index) => `#key${index}`).join(', '),
        ExpressionAttributeNames: {
          '#ttl': ttl,
          ...Object.fromEntries(key.map((attribute, index) => [`#key${index}`, attribute])),
        },
        ExpressionAttributeValues: { ':now': now },
        ExclusiveStartKey,
      });
      const page = await this.run((options) => this.client.send(command, options));
      yield* (page.Items ?? []) as Key[];
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }

  private async getOne(table: string, Key: Key, ConsistentRead: boolean): Promise<Row | undefined> {
    const command = new GetCommand({ TableName: this.tableName(table), Key, ConsistentRead });
    return (await this.run((options) => this.client.send(command, options))).Item;
  }

  /** Each reader gets its own copy, so that none sees another's changes. */
  private async readTogether(requests: ReadRequest[]): Promise<(Row | undefined)[]> {
    const [first] = requests;
    const isOneRecord = new Set(requests.map(({ table, key }) => identityOf(table, key))).size === 1;
    const one = first && isOneRecord ? await this.getOne(first.table, first.key, true) : undefined;
    const rows = isOneRecord ? requests.map(() => one) : await this.batchGetOnce<Row>(requests);
    const given = new Set<Row>();
    return rows.map((row) => {
      if (row === undefined || given.has(row)) return structuredClone(row);
      given.add(row);
      return row;
    });
  }

  private async batchPut(puts: SinglePut[]): Promise<void> {
    const requests: BatchRequests = {};
    for (const { table, item } of puts) (requests[this.tableName(table)] ??= []).push({ PutRequest: { Item: item } });
    await this.writeBatch(requests);
  }

  /** Resends unprocessed writes until none is left. */
  private async writeBatch(requests: BatchRequests): Promise<void> {
    let open = requests;
    for (let idle = 0; countOf(open) > 0;) {
      const command = new BatchWriteCommand({ RequestItems: open });
      const { UnprocessedItems } = await this.run((options) => this.client.send(command, options));
      const left = UnprocessedItems ?? {};
      idle = countOf(left) < countOf(open) ? 0 : idle + 1;
      open = left;
      if (countOf(open) > 0) await pauseAfter(idle);
    }
  }

  private named<T extends { TableName: string }>(input: T): T {
    return { ...input, TableName: this.tableName(input.TableName) };
  }

  private namedItem({ Put, Update, Delete, ConditionCheck }: TransactItem): TransactItem {
    const named = <T extends { TableName: string | undefined }>(part: T): T => ({
      ...part,
      TableName: this.tableName(part.TableName ?? ''),
    });
    return {
      ...(Put && { Put: named(Put) }),
      ...(Update && { Update: named(Update) }),
      ...(Delete && { Delete: named(Delete) }),
      ...(ConditionCheck && { ConditionCheck: named(ConditionCheck) }),
    };
  }

  private async run<T>(call: (options: CallOptions) => Promise<T>): Promise<T> {
    const abortSignal = AbortSignal.timeout(this.deadline_seconds * 1000);
    for (const patience = performance.now() + RESTART_PATIENCE_MS; ;) {
      try {
        return await call({ abortSignal });
      } catch (error) {
        if (!isRefusedConnection(error) || performance.now() > patience) throw toDatabaseError(error);
        await delay(RECONNECT_PAUSE_MS);
      }
    }
  }
}

function chunks<T>(all: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}

function countOf(requests: BatchRequests): number {
  return Object.values(requests).reduce((sum, list) => sum + (list?.length ?? 0), 0);
}
