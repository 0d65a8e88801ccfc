import { ValidationError } from '../shared/domain-error.js';
import {
  type AgentRuntime,
  type RuntimeKind,
  AgentRunError,
  type AgentRunFailure,
  type AgentEvent,
  type AgentResult,
  type AgentRun,
} from './agent-runtime.js';
import { Injectable } from '@nestjs/common';
import { type Context, context, type Span, trace } from '@opentelemetry/api';
import { fail, Tracing } from '../platform/observability/tracing/tracing.js';
import { Metrics } from '../platform/observability/metrics.js';
import type { Usage } from '../shared/usage.js';

/** The runtimes that this process can use, by kind. */
export class Runtimes {
  private readonly byKind: ReadonlyMap<RuntimeKind, AgentRuntime>;

  constructor(runtimes: readonly AgentRuntime[]) {
    this.byKind = new Map(runtimes.map((runtime) => [runtime.kind, runtime]));
  }

  /** Throws {@link ValidationError} for a kind that is not set up here. */
  get(kind: RuntimeKind): AgentRuntime {
    const runtime = this.byKind.get(kind);
    if (!runtime)
      throw ValidationError.field(
        'runtime',
        `"${kind}" is not set up; available: ${[...this.byKind.keys()].join(', ')}`,
      );
    return runtime;
  }

  kinds(): RuntimeKind[] {
    return [...this.byKind.keys()];
  }
}

/** What agents do, by where they run. Agents and models are no labels: there may be any number of them. */
@Injectable()
export class RunMetrics {
  private readonly runs;
  private readonly durations;
  private readonly tokens;
  private readonly costs;

  constructor(metrics: Metrics) {
    this.runs = metrics.counter('nexus_invocations_total', 'Finished agent runs, by runtime and outcome.', [
      'runtime',
      'outcome',
    ]);
    this.durations = metrics.histogram(
      'nexus_invocation_duration_seconds',
      'Duration of agent runs, in seconds.',
      ['runtime', 'outcome'],
      BUCKETS,
    );
    this.tokens = metrics.counter('nexus_invocation_tokens_total', 'Input and output tokens of agent runs.', [
      'runtime',
      'direction',
    ]);
    this.costs = metrics.counter('nexus_invocation_cost_usd_total', 'Cost of agent runs in US dollars, where known.', [
      'runtime',
    ]);
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

/** The runtimes as invocations use them: each run is counted, timed and has its `invoke_agent` span. */
@Injectable()
export class ObservedRuntimes {
  constructor(
    private readonly runtimes: Runtimes,
    private readonly metrics: RunMetrics,
    private readonly tracing: Tracing,
  ) {}

  /** @throws ValidationError for a kind that is not set up here. */
  get(kind: RuntimeKind): Pick<AgentRuntime, 'run' | 'assertTakes'> {
    const runtime = this.runtimes.get(kind);
    return {
      run: (run) => this.observed(runtime, run),
      assertTakes: (asked) => runtime.assertTakes(asked),
    };
  }

  private async *observed(runtime: AgentRuntime, run: AgentRun): AsyncGenerator<AgentEvent> {
    const startedAt = performance.now();
    const span = this.tracing.isOn ? this.begin(runtime.kind, run) : undefined;
    // A run that ends in neither way was left by its consumer.
    let outcome: RunOutcome | 'waiting' = 'cancelled';
    try {
      for await (const event of inContext(span, runtime.run(run))) {
        if (event.type === 'done') {
          // A run that waits has not ended; its tokens are counted with its end.
          outcome = event.result.held ? 'waiting' : 'success';
          if (outcome === 'success') this.finished(runtime.kind, event.result, span);
        }
        yield event;
      }
    } catch (error) {
      outcome = error instanceof AgentRunError ? error.reason : 'runtime';
      if (error instanceof AgentRunError) this.metrics.used(runtime.kind, error.usage);
      if (span) fail(span, error);
      throw error;
    } finally {
      if (outcome !== 'waiting') this.metrics.ended(runtime.kind, outcome, (performance.now() - startedAt) / 1000);
      span?.setAttribute('nexus.outcome', outcome);
      span?.end();
    }
  }

  private finished(
    kind: RuntimeKind,
    result: AgentResult & { cost_usd?: number | null },
    span: Span | undefined,
  ): void {
    const { usage, model, cost_usd, output } = result;
    this.metrics.used(kind, usage);
    if (typeof cost_usd === 'number') this.metrics.cost(kind, cost_usd);
    span?.setAttributes({
      'gen_ai.response.model': model,
      'gen_ai.usage.input_tokens': usage.input_tokens,
      'gen_ai.usage.output_tokens': usage.output_tokens,
      ...(this.tracing.hasContent ? { 'gen_ai.output.messages': message('assistant', output) } : {}),
    });
  }

  private begin(kind: RuntimeKind, run: AgentRun): Span {
    const { definition, agent_id, session_id, input } = run;
    return this.tracing.begin(`invoke_agent ${definition.agent_name}`, {
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.provider.name': 'nexus',
        'gen_ai.agent.id': agent_id,
        'gen_ai.agent.name': definition.agent_name,
        'gen_ai.conversation.id': session_id,
        ...(definition.model_id === null ? {} : { 'gen_ai.request.model': definition.model_id }),
        'nexus.runtime': kind,
        ...(this.tracing.hasContent ? { 'gen_ai.input.messages': message('user', input) } : {}),
      },
    });
  }
}

/** As the GenAI conventions write messages. */
function message(role: string, content: string): string {
  return JSON.stringify([{ role, parts: [{ type: 'text', content }] }]);
}

/** A generator runs in the context of its reader, so each step is put below the span again. */
async function* inContext<T>(span: Span | undefined, source: AsyncIterable<T>): AsyncGenerator<T> {
  if (!span) {
    yield* source;
    return;
  }
  const within: Context = trace.setSpan(context.active(), span);
  const iterator = context.with(within, () => source[Symbol.asyncIterator]());
  let isOver = false;
  try {
    for (;;) {
      const next = await context.with(within, () => iterator.next());
      isOver = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    isOver = true;
    throw error;
  } finally {
    if (!isOver) await context.with(within, () => iterator.return?.());
  }
}

/** From the offline model's milliseconds to the longest run that a definition may ask for, in seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

type RunOutcome = 'success' | AgentRunFailure;
