import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
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
 * `refused`: a condition did not hold, which is often the normal course. `conflict`: another transaction was at the record.
 * `throttled`: also after the SDK's retries. `unavailable`: not reached, or overloaded.
 */
export type CallOutcome = 'ok' | 'refused' | 'conflict' | 'throttled' | 'unavailable' | 'error';

/** What the database does for this process, by DynamoDB's operation. */
class DatabaseMetrics {
  private readonly calls;
  private readonly durations;
  private readonly throttles;
  private readonly capacity;

  constructor(metrics: Metrics) {
    this.calls = metrics.counter(
      'nexus_dynamodb_calls_total',
      'Calls to DynamoDB, retries of the SDK not counted, by operation and outcome.',
      ['operation', 'outcome'],
    );
    this.durations = metrics.histogram(
      'nexus_dynamodb_call_duration_seconds',
      'Time of calls to DynamoDB with their retries, in seconds.',
      ['operation'],
      BUCKETS,
    );
    this.throttles = metrics.counter(
      'nexus_dynamodb_throttles_total',
      'Attempts that DynamoDB throttled, also those that a retry made good.',
      ['operation'],
    );
    this.capacity = metrics.counter(
      'nexus_dynamodb_consumed_capacity_units_total',
      'Capacity units that calls consumed, as DynamoDB says, by operation and table.',
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

interface Observation {
  metrics: Metrics;
  tracing: Tracing;
  /** Of the environment's tables; labels and spans leave it out. */
  prefix: string;
  /** Calls that take so many milliseconds are logged; 0: none is. */
  slow_ms: number;
}

const logger = new Logger('SlowQuery');

type Fields = Record<string, unknown>;

/** Reads and writes of records; table administration reports no capacity. */
const RECORD_OPERATION = /(Item|Items|Query|Scan)$/;

/**
 * Counts, times and traces every call of a client, in its middleware: around the whole call with its retries, and inside
 * the retries for throttled attempts. Capacity comes with the answer at the price of some sixty bytes.
 */
export function observeCalls(client: DynamoDBClient, { metrics, tracing, prefix, slow_ms }: Observation): void {
  const figures = new DatabaseMetrics(metrics);
  client.middlewareStack.add(
    (next, { commandName = 'Unknown' }) =>
      async (args) => {
        const operation = operationOf(commandName);
        const input = args.input as unknown as Fields;
        const observed = RECORD_OPERATION.test(operation) ? { ...input, ReturnConsumedCapacity: 'TOTAL' } : input;
        const send = () => next({ ...args, input: observed });
        const startedAt = performance.now();
        const ended = (outcome: CallOutcome, output?: Fields): void => {
          const ms = performance.now() - startedAt;
          figures.called(operation, outcome, ms / 1000);
          RequestContext.spent('db', ms);
          const units = output ? consumed(output) : [];
          for (const [table, count] of units) figures.consumed(operation, table.slice(prefix.length), count);
          if (slow_ms > 0 && ms >= slow_ms)
            logger.warn({
              ...slowQuery(operation, input, prefix),
              outcome,
              duration_ms: Math.round(ms),
              ...capacity(units),
            });
        };
        try {
          const answer = tracing.isOn
            ? await tracing.within(
                operation,
                { kind: SpanKind.CLIENT, attributes: attributes(operation, input, prefix) },
                send,
              )
            : await send();
          ended('ok', answer.output as unknown as Fields);
          return answer;
        } catch (error) {
          ended(outcomeOf(error));
          throw error;
        }
      },
    { step: 'initialize', name: 'nexusCallObservation', priority: 'high' },
  );
  client.middlewareStack.add(
    (next, { commandName = 'Unknown' }) =>
      async (args) => {
        try {
          return await next(args);
        } catch (error) {
          if (outcomeOf(error) === 'throttled') figures.throttled(operationOf(commandName));
          throw error;
        }
      },
    // After the SDK's own retry, which stands at high priority: each attempt passes here.
    { step: 'finalizeRequest', name: 'nexusThrottleObservation', priority: 'low' },
  );
}

function operationOf(commandName: string): string {
  return commandName.replace(/Command$/, '');
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
