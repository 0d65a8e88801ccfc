import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { toDatabaseError } from './database-faults.js';
import type { TableDefinition } from '../table-definition.js';

const DEFAULT_TIMEOUT_MS = 1_000;
/** How long the state of the tables is cached, so that many probes cost the database no more than one. */
const FRESH_MS = 1_000;

/** Reports to the health routes whether the database answers and is complete. Bounded by the caller's time-out. */
export class DatabaseProbe {
  private look: { missing: Promise<string[]>; until: number } | undefined;

  constructor(
    private readonly client: DynamoDBClient,
    private readonly definitions: readonly TableDefinition[],
    private readonly prefix: string,
  ) {}

  /**
   * Resolves when the database answers, whatever the state of its tables.
   * @throws DatabaseUnavailableError when it does not answer in time, DatabaseError when it refuses
   */
  async ping(timeout_ms = DEFAULT_TIMEOUT_MS): Promise<void> {
    const [first] = this.definitions;
    if (first) await this.isUsable(first.name, AbortSignal.timeout(timeout_ms));
  }

  /**
   * Logical names of the tables that do not exist or are not ready for use yet, as of a second ago at most.
   * @throws DatabaseUnavailableError when the database does not answer in time
   */
  async tablesMissing(timeout_ms = DEFAULT_TIMEOUT_MS): Promise<string[]> {
    if (this.look && this.look.until > performance.now()) return this.look.missing;
    const look = { missing: this.findMissing(timeout_ms), until: Infinity };
    this.look = look;
    try {
      const missing = await look.missing;
      look.until = performance.now() + FRESH_MS;
      return missing;
    } catch (error) {
      look.until = 0;
      throw error;
    }
  }

  /** Whether the client's credential chain finds credentials, whatever they allow. */
  async hasCredentials(): Promise<boolean> {
    try {
      await this.client.config.credentials();
      return true;
    } catch {
      return false;
    }
  }

  private async findMissing(timeout_ms: number): Promise<string[]> {
    const signal = AbortSignal.timeout(timeout_ms);
    const usable = await Promise.all(this.definitions.map(({ name }) => this.isUsable(name, signal)));
    return this.definitions.filter((_, index) => !usable[index]).map(({ name }) => name);
  }

  private async isUsable(table: string, abortSignal: AbortSignal): Promise<boolean> {
    try {
      const { Table } = await this.client.send(new DescribeTableCommand({ TableName: this.prefix + table }), {
        abortSignal,
      });
      return Table?.TableStatus === 'ACTIVE' || Table?.TableStatus === 'UPDATING';
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return false;
      throw toDatabaseError(error);
    }
  }
}
