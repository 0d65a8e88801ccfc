import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Injectable } from '@nestjs/common';
import type { TextStreamPart, ToolSet } from 'ai';
import { aiSdk } from '../../models/ai-sdk.js';
import { ModelError } from '../../models/model-error.js';
import { usageOf } from '../../models/model-provider.js';
import { ModelsService } from '../../models/models.service.js';
import { failure } from '../../models/remote/provider-failure.js';
import { Clock } from '../../shared/clock.js';
import { ValidationError } from '../../shared/domain-error.js';
import { ToolResolver } from '../../tools/tool-resolver.js';
import type { AgentDefinition } from '../agent-definition.js';
import { AgentRunError, type AgentRunFailure } from '../agent-run-error.js';
import { type AgentEvent, type AgentRun, AgentRuntime, type Deployment, type RuntimeHealth } from '../agent-runtime.js';
import { checkDefinition, instructionsOf, messagesOf } from './run-prompt.js';
import { runQuietly } from './quiet-run.js';
import { RunBounds, RunDeadline } from './run-bounds.js';
import { messageOf, RunEvents, TraceRecorder } from './run-events.js';
import type { RunOptions } from './run-options.js';

/** Runs agents inside this process: a loop of model and tools, bounded in steps and time. */
@Injectable()
export class LocalRuntime extends AgentRuntime {
  override readonly kind = 'local';

  constructor(
    private readonly models: ModelsService,
    private readonly tools: ToolResolver,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async *run(run: AgentRun): AsyncGenerator<AgentEvent> {
    const { limits } = run.definition;
    const model = this.modelOf(run.definition);
    const trace = new TraceRecorder(this.clock);
    const bounds = new RunBounds(limits, (usage) => this.models.costOf(model.modelId, usage));
    const events = new RunEvents(trace, model.modelId, bounds);
    const deadline = new RunDeadline(limits.timeout_seconds, run.signal);
    try {
      yield { type: 'start', model: model.modelId };
      deadline.signal.throwIfAborted();
      events.begin();
      if (bounds.isUnknowable) throw new AgentRunError('limit', unknownPrice(model.modelId));
      const options = await this.optionsOf(run, model, bounds, deadline);
      if (run.quiet) await runQuietly(options, events, deadline);
      else yield* this.stream(options, events, deadline);
      requireAnswer(model, events);
    } catch (error) {
      const failed = failureOf(error, deadline);
      trace.failOpen(failed.message);
      throw Object.assign(new AgentRunError(failed.reason, failed.message, trace.steps, events.usage, failed.cause), {
        cost_usd: events.cost_usd,
      });
    } finally {
      deadline.close();
    }
    yield {
      type: 'done',
      result: {
        output: events.output,
        model: model.modelId,
        usage: events.usage,
        cost_usd: events.cost_usd,
        steps: trace.steps,
      },
    };
  }

  override async deploy(_agentId: string, definition: AgentDefinition): Promise<Deployment> {
    checkDefinition(definition, this.models);
    return { region: null, agentcore_config: null };
  }

  /** Nothing is kept per agent. */
  override async undeploy(_agentId: string): Promise<void> {}

  override async health(_agentId: string): Promise<RuntimeHealth> {
    return { ready: true, message: 'The agent runs inside the platform.' };
  }

  private modelOf(definition: AgentDefinition): LanguageModelV4 {
    try {
      return this.models.languageModel(definition.model_id);
    } catch (error) {
      throw new AgentRunError('model', messageOf(error), [], undefined, error);
    }
  }

  private async optionsOf(
    run: AgentRun,
    model: LanguageModelV4,
    bounds: RunBounds,
    deadline: RunDeadline,
  ): Promise<RunOptions> {
    const { limits } = run.definition;
    return {
      model,
      instructions: instructionsOf(run),
      messages: messagesOf(run),
      tools: await deadline.within(this.toolsOf(run, deadline.signal)),
      stopWhen: ({ steps }) => bounds.isReached(steps.map(({ usage }) => usageOf(usage))),
      maxRetries: 0,
      maxOutputTokens: limits.max_output_tokens,
      abortSignal: deadline.signal,
    };
  }

  private async *stream(options: RunOptions, events: RunEvents, deadline: RunDeadline): AsyncGenerator<AgentEvent> {
    const { streamText } = await aiSdk();
    // The failure is thrown from the stream; the SDK would print it as well.
    const { stream } = streamText({ ...options, onError: () => undefined });
    const parts: AsyncIterator<TextStreamPart<ToolSet>> = stream[Symbol.asyncIterator]();
    for (;;) {
      const next = await deadline.within(parts.next());
      if (next.done === true) return;
      if (next.value.type === 'abort') deadline.signal.throwIfAborted();
      yield* events.read(next.value);
    }
  }

  private async toolsOf(run: AgentRun, signal: AbortSignal): Promise<ToolSet> {
    const { org_id, agent_id, definition, knowledge = [] } = run;
    try {
      return await this.tools.aiTools(definition, {
        org_id,
        agent_id,
        knowledge: [...definition.knowledge, ...knowledge],
        now: () => this.clock.now(),
        signal,
      });
    } catch (error) {
      if (error instanceof ValidationError) throw error;
      throw new AgentRunError('runtime', 'The tools of the agent could not be read.', [], undefined, error);
    }
  }
}

/** A run that ends while the model still wants tools has come to a bound; an answer that was cut off or refused does not count as one. */
function requireAnswer(model: LanguageModelV4, { finishReason, boundReached }: RunEvents): void {
  const called = { provider: model.provider, model: model.modelId };
  if (finishReason === 'tool-calls')
    throw new AgentRunError('limit', `The agent did not finish within ${boundReached ?? 'its limits'}.`);
  if (finishReason === 'length') throw failure('truncated', called);
  if (finishReason === 'content-filter') throw failure('refusal', called);
}

function unknownPrice(modelId: string): string {
  return `limits.max_cost_usd cannot be kept: the price of ${modelId} is not known (see MODEL_PRICES).`;
}

interface RunFailure {
  reason: AgentRunFailure;
  message: string;
  cause: unknown;
}

function failureOf(cause: unknown, deadline: RunDeadline): RunFailure {
  if (deadline.reached === 'timeout') return { reason: 'timeout', message: 'The agent did not finish in time.', cause };
  if (deadline.reached === 'cancelled') return { reason: 'cancelled', message: 'The run was cancelled.', cause };
  if (cause instanceof AgentRunError) return { reason: cause.reason, message: cause.message, cause };
  if (cause instanceof ValidationError) return { reason: 'runtime', message: cause.message, cause };
  if (cause instanceof ModelError) return { reason: reasonOf(cause), message: `${cause.message}.`, cause };
  return { reason: 'model', message: `The model failed: ${messageOf(cause)}`, cause };
}

function reasonOf({ fault }: ModelError): AgentRunFailure {
  if (fault === 'timeout') return 'timeout';
  return fault === 'truncated' ? 'limit' : 'model';
}
