import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseError } from '../../../shared/domain-error.js';
import {
  attributeDefinitions,
  createTableInput,
  type IndexDefinition,
  indexSchema,
  type TableDefinition,
} from '../table-definition.js';

const ACTIVE_DEADLINE_MS = 30 * 60_000;
const FIRST_POLL_MS = 10;
const MAX_POLL_MS = 5_000;

export interface TableCreationOptions {
  prefix: string;
  /** On AWS itself: point-in-time recovery and deletion protection, which local engines do not support. */
  is_aws: boolean;
}

/**
 * Brings the environment's tables in line with their definitions. It only adds (tables, indexes, expiry, protection) and never
 * drops anything, so it can be repeated at any time, by several processes at once.
 */
export class TableCreation {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly definitions: readonly TableDefinition[],
    private readonly options: TableCreationOptions,
  ) {}

  /**
   * Returns when every table and index is active.
   * @returns what was changed, one line each, for the terminal
   * @throws DatabaseError for a table of the same name with another key
   */
  async createMissing(): Promise<string[]> {
    // Nearly always everything exists, so tables are checked in parallel. Changes follow one by one, as AWS limits them.
    const found = await Promise.all(
      this.definitions.map((definition) => this.describe(this.options.prefix + definition.name)),
    );
    const changes: string[] = [];
    for (const [index, definition] of this.definitions.entries())
      changes.push(...(await this.bringUpToDate(definition, found[index])));
    return changes;
  }

  private async bringUpToDate(definition: TableDefinition, found: TableDescription | undefined): Promise<string[]> {
    const name = this.options.prefix + definition.name;
    const changes: string[] = [];
    const created = found ? undefined : await this.create(definition, name);
    if (!found) changes.push(`created table ${name}`);
    const known = found ?? created;
    const table = known && isActive(known) ? known : await this.untilActive(name);
    requireSameKey(definition, table);
    for (const index of definition.indexes ?? [])
      if (!hasIndex(table, index)) changes.push(await this.addIndex(definition, index, name));
    if (definition.ttl_attribute) {
      // A table that was active at once, as local engines make them, cannot have its expiry from another process yet.
      const isNew = created !== undefined && isActive(created);
      if (isNew || !(await this.hasExpiry(name, definition.ttl_attribute)))
        changes.push(await this.enableExpiry(name, definition.ttl_attribute));
    }
    if (this.options.is_aws) changes.push(...(await this.protect(name, table)));
    return changes;
  }

  private async describe(name: string): Promise<TableDescription | undefined> {
    try {
      return (await this.client.send(new DescribeTableCommand({ TableName: name }))).Table;
    } catch (error) {
      if (isNamed(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  }

  /** @returns undefined when another process creates it at the same time: then it only has to be waited for */
  private async create(definition: TableDefinition, name: string): Promise<TableDescription | undefined> {
    try {
      const input = createTableInput(definition, name, this.options.is_aws);
      return (await this.client.send(new CreateTableCommand(input))).TableDescription;
    } catch (error) {
      if (isNamed(error, 'ResourceInUseException')) return undefined;
      throw error;
    }
  }

  private async untilActive(name: string): Promise<TableDescription> {
    const deadline = performance.now() + ACTIVE_DEADLINE_MS;
    for (let pause = FIRST_POLL_MS; performance.now() < deadline; pause = Math.min(pause * 2, MAX_POLL_MS)) {
      const table = await this.describe(name);
      if (table && isActive(table)) return table;
      await delay(pause);
    }
    throw new DatabaseError(`Table ${name} did not become active within ${ACTIVE_DEADLINE_MS / 60_000} minutes`);
  }

  /** AWS builds one index of a table at a time, so each is waited for. */
  private async addIndex(definition: TableDefinition, index: IndexDefinition, name: string): Promise<string> {
    await this.client.send(
      new UpdateTableCommand({
        TableName: name,
        AttributeDefinitions: attributeDefinitions(definition, [definition, index]),
        GlobalSecondaryIndexUpdates: [{ Create: indexSchema(index) }],
      }),
    );
    await this.untilActive(name);
    return `added index ${index.name} to table ${name}`;
  }

  private async hasExpiry(name: string, attribute: string): Promise<boolean> {
    const { TimeToLiveDescription: now } = await this.client.send(new DescribeTimeToLiveCommand({ TableName: name }));
    const isOn = now?.TimeToLiveStatus === 'ENABLED' || now?.TimeToLiveStatus === 'ENABLING';
    return isOn && now.AttributeName === attribute;
  }

  private async enableExpiry(name: string, attribute: string): Promise<string> {
    const TimeToLiveSpecification = { Enabled: true, AttributeName: attribute };
    await this.client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }));
    return `records of table ${name} expire by ${attribute}`;
  }

  private async protect(name: string, table: TableDescription): Promise<string[]> {
    const changes: string[] = [];
    if (!table.DeletionProtectionEnabled) {
      await this.client.send(new UpdateTableCommand({ TableName: name, DeletionProtectionEnabled: true }));
      await this.untilActive(name);
      changes.push(`protected table ${name} from deletion`);
    }
    const { ContinuousBackupsDescription: backups } = await this.client.send(
      new DescribeContinuousBackupsCommand({ TableName: name }),
    );
    if (backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus !== 'ENABLED') {
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
      await this.client.send(new UpdateContinuousBackupsCommand({ TableName: name, PointInTimeRecoverySpecification }));
      changes.push(`switched on point-in-time recovery of table ${name}`);
    }
    return changes;
  }
}

function isActive({ TableStatus, GlobalSecondaryIndexes = [] }: TableDescription): boolean {
  return (
    TableStatus === 'ACTIVE' &&
    GlobalSecondaryIndexes.every(({ IndexStatus }) => (IndexStatus ?? 'ACTIVE') === 'ACTIVE')
  );
}

function hasIndex(table: TableDescription, index: IndexDefinition): boolean {
  return (table.GlobalSecondaryIndexes ?? []).some((existing) => existing.IndexName === index.name);
}

function requireSameKey({ name, partition_key, sort_key }: TableDefinition, table: TableDescription): void {
  const wanted = [partition_key, ...(sort_key ? [sort_key] : [])].join(', ');
  const existing = (table.KeySchema ?? []).map((key) => key.AttributeName).join(', ');
  if (wanted !== existing)
    throw new DatabaseError(
      `Table ${table.TableName ?? name} exists with the key (${existing}), but this version needs (${wanted}). ` +
        'Choose another NEXUS_TABLE_PREFIX or move the table away.',
    );
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
