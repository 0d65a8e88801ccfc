import { Injectable } from '@nestjs/common';
import { type Context, context, type Span, trace } from '@opentelemetry/api';
import { fail, Tracing } from '../platform/observability/tracing/tracing.js';
import { AgentRunError } from './agent-run-error.js';
import type { AgentEvent, AgentResult, AgentRun, AgentRuntime, RuntimeKind } from './agent-runtime.js';
import { RunMetrics, type RunOutcome } from './run-metrics.js';
import { Runtimes } from './runtimes.js';

/** The runtimes as invocations use them: each run is counted, timed and has its `invoke_agent` span. */
@Injectable()
export class ObservedRuntimes {
  constructor(
    private readonly runtimes: Runtimes,
    private readonly metrics: RunMetrics,
    private readonly tracing: Tracing,
  ) {}

  /** @throws ValidationError for a kind that is not set up here. */
  get(kind: RuntimeKind): Pick<AgentRuntime, 'run'> {
    const runtime = this.runtimes.get(kind);
    return { run: (run) => this.observed(runtime, run) };
  }

  private async *observed(runtime: AgentRuntime, run: AgentRun): AsyncGenerator<AgentEvent> {
    const startedAt = performance.now();
    const span = this.tracing.isOn ? this.begin(runtime.kind, run) : undefined;
    // A run that ends in neither way was left by its consumer.
    let outcome: RunOutcome = 'cancelled';
    try {
      for await (const event of inContext(span, runtime.run(run))) {
        if (event.type === 'done') {
          outcome = 'success';
          this.finished(runtime.kind, event.result, span);
        }
        yield event;
      }
    } catch (error) {
      outcome = error instanceof AgentRunError ? error.reason : 'runtime';
      if (error instanceof AgentRunError) this.metrics.used(runtime.kind, error.usage);
      if (span) fail(span, error);
      throw error;
    } finally {
      this.metrics.ended(runtime.kind, outcome, (performance.now() - startedAt) / 1000);
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
