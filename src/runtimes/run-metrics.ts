import { Injectable } from '@nestjs/common';
import { Metrics } from '../platform/observability/metrics.js';
import type { Usage } from '../shared/usage.js';
import type { AgentRunFailure } from './agent-run-error.js';
import type { RuntimeKind } from './agent-runtime.js';

/** From the offline model's milliseconds to the longest run that a definition may ask for, in seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export type RunOutcome = 'success' | AgentRunFailure;

/** What agents do, by where they run. Agents and models are no labels: there may be any number of them. */
@Injectable()
export class RunMetrics {
  private readonly runs;
  private readonly durations;
  private readonly tokens;
  private readonly costs;

  constructor(metrics: Metrics) {
    this.runs = metrics.counter('nexus_invocations_total', 'Runs of agents that are over, by runtime and outcome.', [
      'runtime',
      'outcome',
    ]);
    this.durations = metrics.histogram(
      'nexus_invocation_duration_seconds',
      'Time of runs of agents, in seconds.',
      ['runtime', 'outcome'],
      BUCKETS,
    );
    this.tokens = metrics.counter('nexus_invocation_tokens_total', 'Tokens that runs of agents took and gave.', [
      'runtime',
      'direction',
    ]);
    this.costs = metrics.counter(
      'nexus_invocation_cost_usd_total',
      'Cost of runs of agents in US dollars, where it is known.',
      ['runtime'],
    );
  }

  ended(runtime: RuntimeKind, outcome: RunOutcome, seconds: number): void {
    this.runs.inc({ runtime, outcome });
    this.durations.observe({ runtime, outcome }, seconds);
  }

  used(runtime: RuntimeKind, { input_tokens, output_tokens }: Usage): void {
    this.tokens.inc({ runtime, direction: 'input' }, input_tokens);
    this.tokens.inc({ runtime, direction: 'output' }, output_tokens);
  }

  cost(runtime: RuntimeKind, usd: number): void {
    this.costs.inc({ runtime }, usd);
  }
}
