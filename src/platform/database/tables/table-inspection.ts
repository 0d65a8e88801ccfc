import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { toDatabaseError } from '../client/database-faults.js';
import type { TableDefinition } from '../table-definition.js';

const AT_ONCE = 4;

/** The state of a table; null where the database does not report it. */
export interface TableState {
  table: string;
  exists: boolean;
  missing_indexes: string[];
  /** Whether records expire as defined; true for tables whose records do not expire. */
  expires: boolean | null;
  deletion_protected: boolean | null;
  point_in_time_recovery: boolean | null;
}

/** Compares the tables of the environment with their definitions. Changes nothing. */
export class TableInspection {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly definitions: readonly TableDefinition[],
    private readonly prefix: string,
  ) {}

  /** Up to three calls a table, a few tables at a time. @throws DatabaseUnavailableError, DatabaseError */
  async read(): Promise<TableState[]> {
    const states: TableState[] = [];
    for (let from = 0; from < this.definitions.length; from += AT_ONCE) {
      const some = this.definitions.slice(from, from + AT_ONCE);
      states.push(...(await Promise.all(some.map((definition) => this.stateOf(definition)))));
    }
    return states;
  }

  private async stateOf(definition: TableDefinition): Promise<TableState> {
    const TableName = this.prefix + definition.name;
    const table = await this.unlessUnknown(
      async () => (await this.client.send(new DescribeTableCommand({ TableName }))).Table,
    );
    if (!table)
      return {
        ...{ table: TableName, exists: false, missing_indexes: [], expires: null },
        ...{ deletion_protected: null, point_in_time_recovery: null },
      };
    return {
      table: TableName,
      exists: true,
      missing_indexes: missingIndexes(definition, table),
      expires: await this.expires(definition, TableName),
      deletion_protected: table.DeletionProtectionEnabled ?? false,
      point_in_time_recovery: await this.recovers(TableName),
    };
  }

  private async expires({ ttl_attribute }: TableDefinition, TableName: string): Promise<boolean | null> {
    if (ttl_attribute === undefined) return true;
    const found = await this.unlessUnknown(() => this.client.send(new DescribeTimeToLiveCommand({ TableName })));
    const { TimeToLiveStatus: status, AttributeName } = found?.TimeToLiveDescription ?? {};
    return status === undefined ? null : status.startsWith('ENABL') && AttributeName === ttl_attribute;
  }

  private async recovers(TableName: string): Promise<boolean | null> {
    const found = await this.unlessUnknown(() => this.client.send(new DescribeContinuousBackupsCommand({ TableName })));
    const status = found?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
    return status === undefined ? null : status === 'ENABLED';
  }

  /** A missing table, or a call that an engine does not support, is a result. */
  private async unlessUnknown<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      if (/ResourceNotFound|TableNotFound|UnknownOperation/.test(name)) return undefined;
      throw toDatabaseError(error);
    }
  }
}

function missingIndexes({ indexes = [] }: TableDefinition, table: TableDescription): string[] {
  const there = new Set((table.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName));
  return indexes.map(({ name }) => name).filter((name) => !there.has(name));
}
