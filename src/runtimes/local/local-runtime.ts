import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Injectable } from '@nestjs/common';
import { stepCountIs, streamText, type TextStreamPart, type ToolSet } from 'ai';
import { ModelsService } from '../../models/models.service.js';
import { Clock } from '../../shared/clock.js';
import { ValidationError } from '../../shared/domain-error.js';
import { ToolResolver } from '../../tools/tool-resolver.js';
import type { AgentDefinition } from '../agent-definition.js';
import { AgentRunError, type AgentRunFailure } from '../agent-run-error.js';
import { type AgentEvent, type AgentRun, AgentRuntime, type Deployment, type RuntimeHealth } from '../agent-runtime.js';
import { checkDefinition } from './definition-check.js';
import { runQuietly } from './quiet-run.js';
import { RunDeadline } from './run-deadline.js';
import { messageOf, RunEvents } from './run-events.js';
import type { RunOptions } from './run-options.js';
import { instructionsOf, messagesOf } from './run-prompt.js';
import { TraceRecorder } from './trace-recorder.js';

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
    const events = new RunEvents(trace, model.modelId, limits.max_steps);
    const deadline = new RunDeadline(limits.timeout_seconds, run.signal);
    try {
      yield { type: 'start', model: model.modelId };
      deadline.signal.throwIfAborted();
      events.begin();
      const options = await this.optionsOf(run, model, deadline);
      if (run.quiet) await runQuietly(options, events, deadline);
      else yield* this.stream(options, events, deadline);
      this.requireAnswer(run.definition, events);
    } catch (error) {
      const failure = failureOf(error, deadline);
      trace.failOpen(failure.message);
      throw new AgentRunError(failure.reason, failure.message, trace.steps, events.usage, error);
    } finally {
      deadline.close();
    }
    yield {
      type: 'done',
      result: { output: events.output, model: model.modelId, usage: events.usage, steps: trace.steps },
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

  private async optionsOf(run: AgentRun, model: LanguageModelV4, deadline: RunDeadline): Promise<RunOptions> {
    const { limits } = run.definition;
    return {
      model,
      instructions: instructionsOf(run),
      messages: messagesOf(run),
      tools: await deadline.within(this.toolsOf(run, deadline.signal)),
      stopWhen: stepCountIs(limits.max_steps),
      maxOutputTokens: limits.max_output_tokens,
      abortSignal: deadline.signal,
    };
  }

  private async *stream(options: RunOptions, events: RunEvents, deadline: RunDeadline): AsyncGenerator<AgentEvent> {
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

  /** A run that ends while the model still wants tools has used up its steps. */
  private requireAnswer({ limits }: AgentDefinition, { finishReason }: RunEvents): void {
    if (finishReason === 'tool-calls')
      throw new AgentRunError('limit', `The agent did not finish within ${limits.max_steps} steps.`);
  }
}

function failureOf(error: unknown, deadline: RunDeadline): { reason: AgentRunFailure; message: string } {
  if (deadline.reached === 'timeout') return { reason: 'timeout', message: 'The agent did not finish in time.' };
  if (deadline.reached === 'cancelled') return { reason: 'cancelled', message: 'The run was cancelled.' };
  if (error instanceof AgentRunError) return { reason: error.reason, message: error.message };
  if (error instanceof ValidationError) return { reason: 'runtime', message: error.message };
  return { reason: 'model', message: `The model failed: ${messageOf(error)}` };
}
