import { Injectable } from '@nestjs/common';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { Metrics } from '../platform/observability/metrics.js';
import { Tracing } from '../platform/observability/tracing/tracing.js';
import type { BuildStep } from './build-transitions.js';
import type { StepResult } from './step/step.js';

/** From the offline writers' milliseconds to the slowest model, in seconds. */
const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 600];

/** `superseded`: stopped, deleted, or taken over by another process. `broken`: given up, the engine retries it. */
export type CountedEnding = 'completed' | 'failed' | 'paused' | 'superseded' | 'broken';

/** Counts, times and traces the builds of this process. */
@Injectable()
export class BuildObservation {
  private readonly runs;
  private readonly durations;
  private readonly tokens;

  constructor(
    metrics: Metrics,
    private readonly tracing: Tracing,
  ) {
    this.runs = metrics.counter('nexus_build_runs_total', 'Finished build runs of this process, by ending.', [
      'ending',
    ]);
    this.durations = metrics.histogram(
      'nexus_build_stage_duration_seconds',
      'Duration of build steps, in seconds; the parts of a stage are counted separately.',
      ['stage', 'outcome'],
      BUCKETS,
    );
    this.tokens = metrics.counter('nexus_build_tokens_total', 'Input and output tokens of build steps.', ['direction']);
  }

  ended(ending: CountedEnding): void {
    this.runs.inc({ ending });
  }

  /**
   * A build outlives the request that started it, so it is a separate trace, linked to the request's.
   * @param work returns the id of the project, if it was found
   */
  async run(build_id: string, work: () => Promise<string | undefined>): Promise<void> {
    if (!this.tracing.isOn) {
      await work();
      return;
    }
    const attributes = { 'nexus.build_id': build_id };
    const cause = trace.getActiveSpan()?.spanContext();
    await context.with(ROOT_CONTEXT, () =>
      this.tracing.within('build', { attributes, ...(cause ? { links: [{ context: cause }] } : {}) }, async () => {
        const project_id = await work();
        if (project_id !== undefined) trace.getActiveSpan()?.setAttribute('nexus.project_id', project_id);
      }),
    );
  }

  async step(step: BuildStep, work: () => Promise<StepResult>): Promise<StepResult> {
    const stage = step.sub_stage ?? step.stage;
    const startedAt = performance.now();
    let outcome = 'failed';
    try {
      const result = this.tracing.isOn ? await this.tracing.within(`build_stage ${stage}`, {}, work) : await work();
      outcome = 'completed';
      this.tokens.inc({ direction: 'input' }, result.usage.input_tokens);
      this.tokens.inc({ direction: 'output' }, result.usage.output_tokens);
      return result;
    } finally {
      this.durations.observe({ stage, outcome }, (performance.now() - startedAt) / 1000);
    }
  }
}
