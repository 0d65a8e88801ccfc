import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Injectable } from '@nestjs/common';
import type { ModelMessage, ToolModelMessage, ToolSet } from 'ai';
import { BudgetExceededError } from '../../budgets/budgets.errors.js';
import { aiSdk } from '../../models/model-provider.js';
import { ModelError } from '../../models/model-error.js';
import { ModelsService } from '../../models/models.service.js';
import { failure } from '../../models/remote/provider-failure.js';
import { Tracing } from '../../platform/observability/tracing/tracing.js';
import { Clock } from '../../shared/clock.js';
import { ValidationError } from '../../shared/domain-error.js';
import { InputCheck } from '../../tools/tool-workers.js';
import { NO_USAGE } from '../../shared/usage.js';
import { ToolError, type ToolRun } from '../../tools/tool.js';
import { ToolResolver } from '../../tools/tool-resolver.js';
import { type AgentDefinition, memberTool } from '../agent-definition.js';
import {
  AgentRunError,
  type AgentRunFailure,
  type AgentEvent,
  type AgentResult,
  type AgentRun,
  AgentRuntime,
  type CallDecision,
  type Deployment,
  type HeldCall,
  type HeldRun,
  type RuntimeHealth,
} from '../agent-runtime.js';
import { type CallOptions, imagesIn } from '../caller-request.js';
import { answered, checkDefinition, instructionsOf, messagesOf } from './run-prompt.js';
import { ModelLoop, type RunOptions } from './model-loop.js';
import { RunBounds, RunDeadline, RunSpending } from './run-bounds.js';
import { MemberHeldError, messageOf, RunEvents, TraceRecorder } from './run-events.js';
import { attachedOf, listed, Team } from './team.js';

/** Runs agents inside this process: a loop of model and tools, bounded in steps and time. */
@Injectable()
export class LocalRuntime extends AgentRuntime {
  override readonly kind = 'local';

  constructor(
    private readonly models: ModelsService,
    private readonly tools: ToolResolver,
    private readonly clock: Clock,
    private readonly schemas: InputCheck = new InputCheck(),
    private readonly tracing: Tracing = Tracing.off(),
  ) {
    super();
  }

  override async assertTakes(asked: Omit<AgentRun, 'session_id' | 'history' | 'input'>): Promise<void> {
    const { definition, turn = [], options = {} } = asked;
    const { answer_format, tools = [], tool_choice = 'auto' } = options;
    if (definition.output_schema && answer_format?.schema)
      throw ValidationError.field('answer_format', 'cannot be set: the agent has its own output_schema');
    const able = this.models.abilities(definition.model_id);
    const model = this.modelOf(definition).modelId;
    const images = imagesIn(turn);
    if (images.length > 0 && !able.images)
      throw ValidationError.field('images', `are not supported by the model ${model}`);
    if (images.some((url) => !url.startsWith('data:')) && !able.image_urls)
      throw ValidationError.field('images', `must be data: URLs: the model ${model} cannot fetch images from URLs`);
    if (answer_format && !able.answer_formats)
      throw ValidationError.field('answer_format', `is not supported by the model ${model}: it writes only text`);
    if (tool_choice !== 'auto' && tool_choice !== 'none' && !able.tool_choice)
      throw ValidationError.field('tool_choice', `must be auto or none with the model ${model}`);
    await this.assertOwnNames(asked, tools);
    const problem = answer_format?.schema && (await this.schemas.problemOf(answer_format.schema, asked.org_id));
    if (problem !== undefined)
      throw ValidationError.field('answer_format', `has a schema that cannot be used: ${problem}`);
  }

  override run(run: AgentRun): AsyncGenerator<AgentEvent> {
    return this.work(heldToSchema(run), new TraceRecorder(this.clock, run.resumed?.held.steps));
  }

  /** @param shared what the supervisor has spent, when the run is the task of a member of its team */
  private async *work(run: AgentRun, trace: TraceRecorder, shared?: RunSpending): AsyncGenerator<AgentEvent> {
    const { limits } = run.definition;
    const own = this.modelOf(run.definition);
    const model = run.meter?.(own) ?? own;
    const { options: asked = {}, resumed } = run;
    const spending = shared ?? this.spendingOf(model.modelId, resumed?.held);
    const bounds = new RunBounds(limits, spending, model.modelId);
    const callers = new Set(offered(asked).map(({ name }) => name));
    const events = new RunEvents(trace, model.modelId, bounds, spending, callers, asked.one_call, resumed?.held);
    const deadline = new RunDeadline(limits.timeout_seconds, run.signal);
    const team = new Team(run, events, trace, deadline, (task, steps) => this.work(task, steps, spending));
    let instructions: string;
    try {
      yield { type: 'start', model: model.modelId };
      deadline.signal.throwIfAborted();
      if (!resumed) events.begin();
      if (bounds.isUnknowable) throw new AgentRunError('limit', unknownPrice(model.modelId));
      const attached = shared ? listed(run.definition.tools) : attachedOf(run.definition);
      const own = {
        ...(await deadline.within(this.toolsOf(run, deadline.signal, attached))),
        ...(await team.tools()),
      };
      const options = await this.optionsOf(run, model, own);
      events.heldTools = new Set(run.may_hold ? needingApproval(run, own) : []);
      instructions = options.instructions;
      if (resumed) {
        const { calls, members = [] } = resumed.held;
        const results = yield* decided(calls, resumed.decisions, own, events, deadline);
        results.push(...(yield* team.resumed(members, resumed.decisions)));
        if (results.length > 0) options.messages = [...options.messages, { role: 'tool', content: results }];
        if (events.isHolding) events.transcript = options.messages;
        else events.begin();
      }
      const once = (sent: RunOptions) =>
        spoken(new ModelLoop(sent, events, deadline, this.tracing, run.quiet === true).run(), run.quiet === true);
      const problemWith = (schema: Record<string, unknown>, value: unknown) =>
        this.schemas.problemWith(schema, value, run.org_id);
      if (events.isHolding) yield* [];
      else if (asked.answer_format) yield* answered(asked.answer_format, options, events, once, problemWith);
      else yield* once(options);
      if (events.callerCalls.length > 0) yield* events.dropHeld();
      requireAnswer(model, events, isCutByCaller(asked, limits));
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
        ...(events.isHolding ? { held: events.held(instructions) } : outcomeOf(events)),
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

  private spendingOf(model: string, held?: HeldRun): RunSpending {
    const before = held && (held.models ?? [{ model, ...held.usage }]);
    const spending = new RunSpending((id, usage) => this.models.costOf(id, usage), before);
    spending.add(model, NO_USAGE);
    return spending;
  }

  private async optionsOf(run: AgentRun, model: LanguageModelV4, tools: ToolSet): Promise<RunOptions> {
    const { definition, options = {}, resumed } = run;
    const { max_output_tokens } = definition.limits;
    const own = guarded(run, tools);
    return {
      model,
      instructions: resumed?.held.instructions ?? instructionsOf(run),
      messages: resumed ? (resumed.held.messages as ModelMessage[]) : messagesOf(run),
      tools: run.options ? { ...own, ...(await callerTools(run.options)) } : own,
      maxOutputTokens: Math.min(options.max_output_tokens ?? max_output_tokens, max_output_tokens),
      ...modelSettings(options),
    };
  }

  /** A tool of the caller must not hide one of the agent's. @throws ValidationError */
  private async assertOwnNames(
    asked: Omit<AgentRun, 'session_id' | 'history' | 'input'>,
    tools: { name: string }[],
  ): Promise<void> {
    if (tools.length === 0) return;
    const { org_id, agent_id, definition, knowledge = [] } = asked;
    const run = { org_id, agent_id, knowledge: [...definition.knowledge, ...knowledge], now: () => this.clock.now() };
    const own = await this.tools.aiTools(definition, run);
    const team = (definition.team ?? []).map(memberTool);
    const taken = tools.find(({ name }) => name in own || team.includes(name));
    if (taken) throw ValidationError.field('tools', `has "${taken.name}", which is a tool of the agent itself`);
  }

  private async toolsOf(run: AgentRun, signal: AbortSignal, attached: ToolRun['attached']): Promise<ToolSet> {
    const { org_id, agent_id, definition, knowledge = [] } = run;
    try {
      return await this.tools.aiTools(definition, {
        org_id,
        agent_id,
        knowledge: [...definition.knowledge, ...knowledge],
        now: () => this.clock.now(),
        signal,
        ...(run.depth === undefined ? {} : { depth: run.depth }),
        ...(attached ? { attached } : {}),
      });
    } catch (error) {
      if (error instanceof ValidationError) throw error;
      throw new AgentRunError('runtime', 'The tools of the agent could not be read.', [], undefined, error);
    }
  }
}

/** A run that ends while the model still wants tools has come to a bound; an answer that was cut off or refused does not count as one. */
function requireAnswer(model: LanguageModelV4, events: RunEvents, mayBeCut: boolean): void {
  const { finishReason, boundReached, callerCalls, isHolding } = events;
  if (isHolding && boundReached === undefined) return;
  if (callerCalls.length > 0 || (finishReason === 'length' && mayBeCut)) return;
  const called = { provider: model.provider, model: model.modelId };
  if (finishReason === 'tool-calls')
    throw new AgentRunError('limit', `The agent did not finish within ${boundReached ?? 'its limits'}.`);
  if (finishReason === 'length') throw failure('truncated', called);
  if (finishReason === 'content-filter') throw failure('refusal', called);
  if (events.output.trim() === '') throw failure('malformed', called, { reason: 'it is empty, even after a retry' });
}

function isCutByCaller({ max_output_tokens = Infinity }: CallOptions, limits: AgentDefinition['limits']): boolean {
  return max_output_tokens <= limits.max_output_tokens;
}

function outcomeOf({ callerCalls, finishReason }: RunEvents): Pick<AgentResult, 'finish_reason' | 'calls'> {
  if (callerCalls.length > 0) return { finish_reason: 'tool_calls', calls: callerCalls };
  return finishReason === 'length' ? { finish_reason: 'length' } : {};
}

/** With `none` the model is not shown the caller's tools; those of the agent stay. */
const offered = ({ tools = [], tool_choice }: CallOptions) => (tool_choice === 'none' ? [] : tools);

/** Without an `execute`, so that a call of one ends the run. */
async function callerTools(options: CallOptions): Promise<ToolSet> {
  const { jsonSchema } = await aiSdk();
  const tools = offered(options).map(({ name, description, input_schema }) => {
    const inputSchema = jsonSchema<unknown>(input_schema);
    return [name, { ...(description === undefined ? {} : { description }), inputSchema }] as const;
  });
  return Object.fromEntries(tools);
}

/** A run of an agent with an output schema asks for that format, whatever the caller asks for. */
function heldToSchema(run: AgentRun): AgentRun {
  const { output_schema: schema } = run.definition;
  return schema ? { ...run, options: { ...run.options, answer_format: { name: 'answer', schema } } } : run;
}

/** The tools whose calls need a person's approval. */
function needingApproval({ definition: { requires_approval = [] } }: AgentRun, tools: ToolSet): string[] {
  const needs = ([name, { needsApproval }]: [string, ToolSet[string]]) =>
    needsApproval === true || requires_approval.includes(name);
  return Object.entries(tools)
    .filter(needs)
    .map(([name]) => name);
}

/**
 * Tools as the model may call them. Those that need approval have no `execute`, so that a call ends the loop; in a run that
 * cannot wait they fail.
 */
function guarded(run: AgentRun, tools: ToolSet): ToolSet {
  const guarded = needingApproval(run, tools).map((name) => {
    const { description, inputSchema } = tools[name] as ToolSet[string];
    const execute = () => {
      throw new ToolError(`${name} needs a person's approval, which this run cannot wait for`);
    };
    const about = typeof description === 'string' ? { description } : {};
    return [name, { ...about, inputSchema, ...(run.may_hold ? {} : { execute }) }] as const;
  });
  return { ...tools, ...Object.fromEntries(guarded) };
}

/** Makes the approved calls of a held run, one after the other, without those of members of its team. @returns the results that the model reads */
async function* decided(
  calls: readonly HeldCall[],
  decisions: readonly CallDecision[],
  tools: ToolSet,
  events: RunEvents,
  deadline: RunDeadline,
): AsyncGenerator<AgentEvent, ToolModelMessage['content']> {
  const content: ToolModelMessage['content'] = [];
  for (const { call_id, tool, input, agent } of calls) {
    if (agent !== undefined) continue;
    const result = { type: 'tool-result' as const, toolCallId: call_id, toolName: tool };
    yield* events.toolStarted(call_id, tool, input);
    try {
      const decision = decisions.find((one) => one.call_id === call_id);
      if (!decision?.approved) throw new ToolError(decision?.refusal ?? 'The call was not approved');
      const execute = tools[tool]?.execute as ((input: unknown, options: unknown) => Promise<unknown>) | undefined;
      if (!execute) throw new ToolError(`The agent no longer has the tool ${tool}`);
      const asked = { toolCallId: call_id, messages: [], abortSignal: deadline.signal };
      const output = (yield* events.during(deadline.within(execute(input, asked)))) ?? null;
      yield* events.toolFinished(call_id, tool, { output });
      content.push({ ...result, output: { type: 'json', value: output as never } });
    } catch (failure) {
      if (failure instanceof MemberHeldError) {
        events.memberHeld(failure.member);
        continue;
      }
      deadline.signal.throwIfAborted();
      yield* events.toolFinished(call_id, tool, { failure });
      content.push({ ...result, output: { type: 'error-text', value: messageOf(failure) } });
    }
  }
  return content;
}

function modelSettings(options: CallOptions): Partial<RunOptions> {
  const { temperature, top_p, presence_penalty, frequency_penalty, seed, stop, tool_choice, answer_format } = options;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(top_p === undefined ? {} : { topP: top_p }),
    ...(presence_penalty === undefined ? {} : { presencePenalty: presence_penalty }),
    ...(frequency_penalty === undefined ? {} : { frequencyPenalty: frequency_penalty }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stopSequences: stop }),
    ...(answer_format
      ? { responseFormat: { type: 'json', ...answer_format } as NonNullable<RunOptions['responseFormat']> }
      : {}),
    ...(tool_choice === undefined || tool_choice === 'auto' || tool_choice === 'none'
      ? {}
      : {
          toolChoice: tool_choice === 'required' ? { type: 'required' } : { type: 'tool', toolName: tool_choice.name },
        }),
  };
}

/** A run whose events are not read yields none. */
async function* spoken(run: AsyncGenerator<AgentEvent>, isQuiet: boolean): AsyncGenerator<AgentEvent> {
  for await (const event of run) if (!isQuiet) yield event;
}

function unknownPrice(modelId: string): string {
  return `limits.max_cost_usd cannot be enforced: the price of ${modelId} is not known (see MODEL_PRICES).`;
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
  if (cause instanceof BudgetExceededError) return { reason: 'limit', message: cause.message, cause };
  if (cause instanceof ValidationError) return { reason: 'runtime', message: cause.message, cause };
  if (cause instanceof ModelError) return { reason: reasonOf(cause), message: `${cause.message}.`, cause };
  return { reason: 'model', message: `The model failed: ${messageOf(cause)}`, cause };
}

function reasonOf({ fault }: ModelError): AgentRunFailure {
  if (fault === 'timeout') return 'timeout';
  return fault === 'truncated' ? 'limit' : 'model';
}
