import type { Metrics } from '../../observability/metrics.js';

/** One call to a local engine takes about a millisecond, to AWS five; beyond three seconds a call is given up. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3];

/**
 * `refused`: a condition did not hold, which is often the normal course. `conflict`: another transaction was at the record.
 * `throttled`: also after the SDK's retries. `unavailable`: not reached, or overloaded.
 */
export type CallOutcome = 'ok' | 'refused' | 'conflict' | 'throttled' | 'unavailable' | 'error';

/** What the database does for this process, by DynamoDB's operation. */
export class DatabaseMetrics {
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
