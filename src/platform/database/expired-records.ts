import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../../shared/clock.js';
import { conditionFailed, type DynamoDb } from './client/dynamodb.js';
import type { TableDefinition } from './table-definition.js';

const EVERY_MS = 10 * 60_000;
/** The most records that one sweep deletes from a table; the rest waits for the next. */
const DELETIONS = 2_000;
/** After this many deletions, the sweep yields to requests. */
const BATCH = 25;
const PAUSE_MS = 50;

/**
 * The embedded engine, unlike DynamoDB, never deletes expired records: without this its tables would grow for ever. Runs in the
 * background, deletes a bounded number, and each only if it is still expired.
 */
export class ExpiredRecords implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ExpiredRecords.name);
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly db: DynamoDb,
    private readonly tables: readonly TableDefinition[],
    private readonly clock: Clock,
    private readonly isEmbedded: boolean,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.isEmbedded) return;
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined));
    }, EVERY_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.sweeping;
  }

  /** Never rejects. */
  async sweep(): Promise<void> {
    const now = Math.floor(this.clock.now().getTime() / 1000);
    for (const table of this.tables) {
      try {
        if (table.ttl_attribute) await this.sweepTable(table, table.ttl_attribute, now);
      } catch (error) {
        this.logger.warn({
          msg: `expired records of ${table.name} could not be deleted; the next sweep retries`,
          err: error,
        });
      }
    }
  }

  private async sweepTable(table: TableDefinition, ttl: string, now: number): Promise<void> {
    let deleted = 0;
    for await (const Key of this.db.scanExpired(table, ttl, now)) {
      if (this.stopping.signal.aborted || deleted === DELETIONS) return;
      await this.delete(table.name, Key, ttl, now);
      deleted += 1;
      if (deleted % BATCH === 0)
        await delay(PAUSE_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** A record may have been written again since it was found. */
  private async delete(
    TableName: string,
    Key: Record<string, string | number>,
    ttl: string,
    now: number,
  ): Promise<void> {
    const isStillExpired = '#ttl < :now';
    try {
      await this.db.delete({
        TableName,
        Key,
        ConditionExpression: isStillExpired,
        ExpressionAttributeNames: { '#ttl': ttl },
        ExpressionAttributeValues: { ':now': now },
      });
    } catch (error) {
      if (!conditionFailed(error)) throw error;
    }
  }
}
