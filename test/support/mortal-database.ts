import type { DocumentClient } from '../../src/platform/database/client/document-client.js';
import { DynamoDb, type QueryInput, type TransactItem } from '../../src/platform/database/client/dynamodb.js';
import { DatabaseUnavailableError } from '../../src/shared/domain-error.js';

export const STOP_POINTS = ['before a query', 'before a transaction', 'after a transaction'] as const;
export type StopPoint = (typeof STOP_POINTS)[number];

/** Where a process dies: when it reaches this point for the n-th time, counted from 1. */
export interface Death {
  point: StopPoint;
  occurrence: number;
}

/** The database as a process sees it that dies at a named point: from then on nothing of it reaches the database. */
export class MortalDatabase extends DynamoDb {
  private reached = 0;
  isDead = false;
  /** Table of each query so far. */
  readonly queried: string[] = [];

  constructor(
    client: DocumentClient,
    prefix: string,
    private readonly death: Death | undefined,
  ) {
    // As in `testSettings`.
    super(client, prefix, false, 60);
  }

  override query<T>(input: QueryInput) {
    this.pass('before a query');
    this.queried.push(input.TableName);
    return super.query<T>(input);
  }

  override async transact(items: TransactItem[]): Promise<void> {
    this.pass('before a transaction');
    await super.transact(items);
    this.pass('after a transaction');
  }

  private pass(point: StopPoint): void {
    if (this.death?.point === point && ++this.reached === this.death.occurrence) this.isDead = true;
    if (this.isDead) throw new DatabaseUnavailableError(`This process died ${point}`);
  }
}
