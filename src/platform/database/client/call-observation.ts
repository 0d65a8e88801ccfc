import { Logger } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import type { Metrics } from '../../observability/metrics.js';
import { RequestContext } from '../../observability/request-context.js';
import type { Tracing } from '../../observability/tracing/tracing.js';
import {
  conditionFailed,
  failedConditions,
  isThrottled,
  isTransactionConflict,
  toDatabaseError,
} from './database-faults.js';
import { DatabaseUnavailableError } from '../../../shared/domain-error.js';

/** One call to a local engine takes about a millisecond, to AWS five; beyond three seconds a call is given up. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3];

/**
 * `refused`: a condition did not hold, which is often the normal course. `conflict`: another transaction was using the record.
 * `throttled`: even after retries. `unavailable`: not reached, or overloaded.
 */
export type CallOutcome = 'ok' | 'refused' | 'conflict' | 'throttled' | 'unavailable' | 'error';

/** Database calls of this process, by DynamoDB's operation. */
class DatabaseMetrics {
  private readonly calls;
  private readonly durations;
  private readonly throttles;
  private readonly capacity;

  constructor(metrics: Metrics) {
    this.calls = metrics.counter(
      'nexus_dynamodb_calls_total',
      'Calls for records in DynamoDB, excluding retries, by operation and outcome.',
      ['operation', 'outcome'],
    );
    this.durations = metrics.histogram(
      'nexus_dynamodb_call_duration_seconds',
      'Duration of calls to DynamoDB, including retries, in seconds.',
      ['operation'],
      BUCKETS,
    );
    this.throttles = metrics.counter(
      'nexus_dynamodb_throttles_total',
      'Attempts throttled by DynamoDB, including those whose retry succeeded.',
      ['operation'],
    );
    this.capacity = metrics.counter(
      'nexus_dynamodb_consumed_capacity_units_total',
      'Consumed capacity units, as reported by DynamoDB, by operation and table.',
      ['operation', 'table'],
    );
  }

  called(operation: string, outcome: CallOutcome, seconds: number): void {
    this.calls.inc({ operation, outcome });
    this.durations.observe({ operation }, seconds);
  }

  throttled(operation: string): void {
    this.throttles.inc({ operation });
  }

  consumed(operation: string, table: string, units: number): void {
    this.capacity.inc({ operation, table }, units);
  }
}

interface ObservationOptions {
  metrics: Metrics;
  tracing: Tracing;
  /** Of the environment's tables; labels and spans leave it out. */
  prefix: string;
  /** Calls that take at least this many milliseconds are logged; 0: none. */
  slow_ms: number;
}

const logger = new Logger('SlowQuery');

type Fields = Record<string, unknown>;

/**
 * Counts, times and traces calls of records, each with its retries. Capacity comes with the answer at the price of some sixty
 * bytes.
 */
export class CallObservation {
  private readonly figures: DatabaseMetrics;

  constructor(private readonly options: ObservationOptions) {
    this.figures = new DatabaseMetrics(options.metrics);
  }

  /** What `send` answers for the input, which also asks for the capacity. */
  async call(operation: string, input: Fields, send: (input: Fields) => Promise<Fields>): Promise<Fields> {
    const { tracing, prefix } = this.options;
    const observed = { ...input, ReturnConsumedCapacity: 'TOTAL' };
    const startedAt = performance.now();
    try {
      const output = tracing.isOn
        ? await tracing.within(
            operation,
            { kind: SpanKind.CLIENT, attributes: attributes(operation, input, prefix) },
            () => send(observed),
          )
        : await send(observed);
      this.ended(operation, input, startedAt, 'ok', output);
      return output;
    } catch (error) {
      this.ended(operation, input, startedAt, outcomeOf(error));
      throw error;
    }
  }

  /** An attempt was throttled, even if a later attempt of the same call succeeded. */
  throttled(operation: string): void {
    this.figures.throttled(operation);
  }

  private ended(operation: string, input: Fields, startedAt: number, outcome: CallOutcome, output: Fields = {}): void {
    const { prefix, slow_ms } = this.options;
    const ms = performance.now() - startedAt;
    this.figures.called(operation, outcome, ms / 1000);
    RequestContext.spent('db', ms);
    const units = consumed(output);
    for (const [table, count] of units) this.figures.consumed(operation, table.slice(prefix.length), count);
    if (slow_ms > 0 && ms >= slow_ms)
      logger.warn({
        ...slowQuery(operation, input, prefix),
        outcome,
        duration_ms: Math.round(ms),
        ...capacity(units),
      });
  }
}

function attributes(operation: string, input: Fields, prefix: string) {
  const tables = tablesOf(input).map((table) => table.slice(prefix.length));
  const [only] = tables;
  return {
    'db.system.name': 'aws.dynamodb',
    'db.operation.name': operation,
    'aws.dynamodb.table_names': tables,
    ...(tables.length === 1 && only !== undefined ? { 'db.collection.name': only } : {}),
  };
}

/** What was asked, without keys and values: the condition of a query names attributes only. */
function slowQuery(operation: string, input: Fields, prefix: string): object {
  const { IndexName, KeyConditionExpression, FilterExpression, Limit } = input;
  return {
    msg: 'slow query',
    operation,
    tables: tablesOf(input).map((table) => table.slice(prefix.length)),
    index: IndexName,
    condition: KeyConditionExpression,
    filter: FilterExpression,
    limit: Limit,
  };
}

function capacity(units: [string, number][]): { capacity_units?: number } {
  return units.length === 0 ? {} : { capacity_units: units.reduce((sum, [, count]) => sum + count, 0) };
}

/** Each table that a call touches, once. */
function tablesOf({ TableName, RequestItems, TransactItems }: Fields): string[] {
  if (typeof TableName === 'string') return [TableName];
  if (RequestItems) return Object.keys(RequestItems);
  const parts = ((TransactItems ?? []) as Record<string, { TableName?: string } | undefined>[]).flatMap((item) =>
    Object.values(item),
  );
  return [...new Set(parts.map((part) => part?.TableName).filter((name) => name !== undefined))];
}

function consumed({ ConsumedCapacity }: Fields): [string, number][] {
  if (!ConsumedCapacity) return [];
  const all = (Array.isArray(ConsumedCapacity) ? ConsumedCapacity : [ConsumedCapacity]) as {
    TableName?: string;
    CapacityUnits?: number;
  }[];
  return all.map(({ TableName = '', CapacityUnits = 0 }) => [TableName, CapacityUnits]);
}

/** How a failed call counts. */
function outcomeOf(error: unknown): CallOutcome {
  if (conditionFailed(error) || failedConditions(error)) return 'refused';
  if (isTransactionConflict(error)) return 'conflict';
  if (isThrottled(error)) return 'throttled';
  return toDatabaseError(error) instanceof DatabaseUnavailableError ? 'unavailable' : 'error';
}
