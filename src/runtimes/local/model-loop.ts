import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4FinishReason,
  LanguageModelV4FunctionTool,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ToolCall,
  LanguageModelV4ToolChoice,
  LanguageModelV4ToolResultPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import type { AssistantModelMessage, ModelMessage, Schema, ToolModelMessage, ToolSet, UserModelMessage } from 'ai';
import { partsOf, type StreamPart } from '../../models/streamed-model.js';
import type { Tracing } from '../../platform/observability/tracing/tracing.js';
import type { AgentEvent } from '../agent-runtime.js';
import type { RunDeadline } from './run-bounds.js';
import { MemberHeldError, messageOf, type RunEvents } from './run-events.js';

/** What a run asks its model. Tools without `execute` are answered by others: a call of one ends the loop. */
export interface RunOptions extends Pick<
  LanguageModelV4CallOptions,
  | 'maxOutputTokens'
  | 'temperature'
  | 'topP'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'seed'
  | 'stopSequences'
  | 'responseFormat'
> {
  model: LanguageModelV4;
  instructions: string;
  messages: ModelMessage[];
  tools: ToolSet;
  /** Of the first model call only: with the results of the agent's own tools the model is free to answer. */
  toolChoice?: LanguageModelV4ToolChoice;
}

/** How often a model that answers nothing is asked again. */
const EMPTY_RETRIES = 2;

type AssistantPart = Exclude<AssistantModelMessage['content'], string>[number];
type SaidPart = Extract<AssistantPart, { type: 'text' | 'reasoning' }>;
type ToolResult = Extract<ToolModelMessage['content'][number], { type: 'tool-result' }>;

/** A call of a tool, as the model wrote it and as it was read. */
interface Called {
  call: LanguageModelV4ToolCall;
  input: unknown;
  /** Undefined until the tool has answered; for others' tools always. */
  result?: ToolResult;
}

/**
 * The loop of model and tools: calls the model, makes the calls of tools that it asks for side by side, gives it the results, until it
 * answers, a bound is reached, or a call is someone else's to answer. It stands directly on the interface of the AI SDK's providers;
 * the SDK's own loop costs several times as much as the model call beside it (docs/adr/0027).
 */
export class ModelLoop {
  private messages: ModelMessage[];
  private readonly functions: Promise<LanguageModelV4FunctionTool[]>;

  /** @param isQuiet no one reads the events: the model is asked for whole answers */
  constructor(
    private readonly options: RunOptions,
    private readonly events: RunEvents,
    private readonly deadline: RunDeadline,
    private readonly tracing: Tracing,
    private readonly isQuiet: boolean,
  ) {
    this.messages = options.messages;
    this.functions = functionsOf(options.tools);
  }

  async *run(): AsyncGenerator<AgentEvent> {
    const { events } = this;
    for (let call = 0, empty = 0; ; call++) {
      const step = new Step(this.options, events, this.deadline, this.tracing);
      yield* step.events(await this.asked(call));
      if (!step.isEmpty) this.messages = [...this.messages, ...step.messages];
      if (events.isHolding) events.transcript = this.messages;
      const isAskedAgain = step.isEmpty && events.output === '' && empty++ < EMPTY_RETRIES;
      if (!(step.isContinued || isAskedAgain) || events.boundReached !== undefined) return;
      events.begin();
    }
  }

  /** The answer of the model to the conversation so far. */
  private async asked(call: number): Promise<AsyncIterable<StreamPart> | StreamPart[]> {
    const { model, instructions, messages: _messages, tools: _tools, toolChoice, ...settings } = this.options;
    const tools = await this.functions;
    const choice = (call === 0 ? toolChoice : undefined) ?? { type: 'auto' as const };
    const asked: LanguageModelV4CallOptions = {
      ...settings,
      prompt: promptOf(instructions, this.messages),
      ...(tools.length > 0 ? { tools, toolChoice: choice } : {}),
      abortSignal: this.deadline.signal,
    };
    if (!this.isQuiet) return this.deadline.within(partsOf(model, asked));
    const { content, usage, finishReason } = await this.deadline.within(model.doGenerate(asked));
    return [...content.flatMap(partsOfContent), { type: 'finish', usage, finishReason }];
  }
}

/** One model call with the calls of tools that follow from it. */
class Step {
  private readonly startedAt = performance.now();
  private readonly content: AssistantPart[] = [];
  private readonly calls: Called[] = [];
  private readonly running: Promise<void>[] = [];
  private finish: { reason: LanguageModelV4FinishReason['unified']; usage: LanguageModelV4Usage } | undefined;

  constructor(
    private readonly options: RunOptions,
    private readonly run: RunEvents,
    private readonly deadline: RunDeadline,
    private readonly tracing: Tracing,
  ) {}

  /** The model is to be called again: each of its calls has its result. */
  get isContinued(): boolean {
    return this.calls.length > 0 && this.calls.every(({ result }) => result !== undefined);
  }

  /** The model ended its answer without a word or a call. */
  get isEmpty(): boolean {
    const hasText = this.content.some((part) => part.type === 'text' && part.text.trim() !== '');
    return !hasText && this.calls.length === 0 && this.finish?.reason === 'stop';
  }

  /** What the model said and what its tools answered. */
  get messages(): ModelMessage[] {
    const results = this.calls.flatMap(({ result }) => result ?? []);
    return [
      ...(this.content.length > 0 ? [{ role: 'assistant' as const, content: this.content }] : []),
      ...(results.length > 0 ? [{ role: 'tool' as const, content: results }] : []),
    ];
  }

  async *events(parts: AsyncIterable<StreamPart> | StreamPart[]): AsyncGenerator<AgentEvent> {
    if (Array.isArray(parts)) for (const part of parts) yield* this.read(part);
    else yield* this.streamed(parts);
    const responded_ms = performance.now() - this.startedAt;
    if (this.finish === undefined) throw new Error('The model ended its response without a finish reason');
    this.run.answered(this.finish.usage);
    if (this.running.length > 0) yield* this.run.during(this.deadline.within(Promise.all(this.running)));
    const { reason, usage } = this.finish;
    // Some servers end calls of tools as they end an answer.
    const isCalling = this.calls.length > 0 && reason === 'stop';
    this.run.stepFinished(usage, isCalling ? 'tool-calls' : reason, responded_ms);
  }

  private async *streamed(parts: AsyncIterable<StreamPart>): AsyncGenerator<AgentEvent> {
    const iterator = parts[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.deadline.within(iterator.next());
        if (next.done === true) return;
        yield* this.read(next.value);
        yield* this.run.taken();
      }
    } finally {
      // Not awaited: a model that ignores the signal would hold the run.
      void iterator.return?.().catch(() => undefined);
    }
  }

  /** @throws what an error part holds */
  private read(part: StreamPart): AgentEvent[] {
    if (part.type === 'text-delta') {
      this.said('text', part.delta, part.providerMetadata);
      return this.run.text(part.delta);
    }
    if (part.type === 'tool-call')
      // What the provider itself runs has its result in the same answer.
      return part.providerExecuted === true ? [] : this.called(part);
    if (part.type === 'reasoning-delta') this.said('reasoning', part.delta, part.providerMetadata);
    else if (part.type === 'reasoning-start' || part.type === 'reasoning-end')
      this.said('reasoning', '', part.providerMetadata, part.type === 'reasoning-start');
    else if (part.type === 'finish') this.finish = { reason: part.finishReason.unified, usage: part.usage };
    else if (part.type === 'error') throw part.error as Error;
    return [];
  }

  /** Providers read their own metadata again when the conversation goes on: signatures of thoughts, for example. */
  private said(type: 'text' | 'reasoning', delta: string, metadata: SaidPart['providerOptions'], isNew = false): void {
    const last = this.content.at(-1);
    if (!isNew && last?.type === type) {
      last.text += delta;
      if (metadata) last.providerOptions = { ...last.providerOptions, ...metadata };
    } else if (delta !== '' || metadata) {
      this.content.push({ type, text: delta, ...(metadata ? { providerOptions: metadata } : {}) });
    }
  }

  private called(call: LanguageModelV4ToolCall): AgentEvent[] {
    const { toolCallId, toolName, providerMetadata } = call;
    const { tools } = this.options;
    const tool = Object.hasOwn(tools, toolName) ? (tools[toolName] as unknown as LoopTool) : undefined;
    const called: Called = { call, input: undefined };
    this.calls.push(called);
    const said = { type: 'tool-call' as const, toolCallId, toolName };
    const provider = providerMetadata ? { providerOptions: providerMetadata } : {};
    try {
      if (!tool) throw new Error(`The tool ${toolName} does not exist. ${existing(tools)}`);
      called.input = checked(toolName, tool, call.input);
    } catch (failure) {
      const input = readable(call.input);
      this.content.push({ ...said, input: typeof input === 'object' && input !== null ? input : {}, ...provider });
      this.answered(called, { failure });
      return [
        ...this.run.toolStarted(toolCallId, toolName, input),
        ...this.run.toolFinished(toolCallId, toolName, { failure }),
      ];
    }
    const { input } = called;
    this.content.push({ ...said, input, ...provider });
    if (this.run.isCallers(toolName)) return this.run.callerCalled({ toolCallId, toolName, input });
    if (this.run.isHeld(toolName)) return this.run.callHeld({ toolCallId, toolName, input });
    const started = this.run.toolStarted(toolCallId, toolName, input);
    this.running.push(this.execute(called, tool));
    return started;
  }

  /** Never rejects: what the tool throws is its result. A member that waits has none yet. */
  private async execute(called: Called, tool: LoopTool): Promise<void> {
    const { toolCallId, toolName } = called.call;
    const options = { toolCallId, abortSignal: this.deadline.signal };
    const execute = async (): Promise<unknown> => tool.execute?.(called.input, options);
    let outcome: { output: unknown } | { failure: unknown };
    try {
      outcome = { output: await (this.tracing.isOn ? this.traced(called, execute) : execute()) };
    } catch (failure) {
      outcome = { failure };
    }
    if (this.deadline.signal.aborted) return;
    if ('failure' in outcome && outcome.failure instanceof MemberHeldError) {
      this.run.memberHeld(outcome.failure.member);
      return;
    }
    this.answered(called, outcome);
    this.run.post(this.run.toolFinished(toolCallId, toolName, outcome));
  }

  private traced({ call: { toolCallId, toolName }, input }: Called, execute: () => Promise<unknown>): Promise<unknown> {
    const attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': toolName,
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': toolCallId,
      ...(this.tracing.hasContent ? { 'gen_ai.tool.call.arguments': JSON.stringify(input) } : {}),
    };
    return this.tracing.within(`execute_tool ${toolName}`, { attributes }, execute);
  }

  private answered(called: Called, outcome: { output: unknown } | { failure: unknown }): void {
    const { toolCallId, toolName } = called.call;
    const output = 'failure' in outcome ? errorText(outcome.failure) : resultOf(outcome.output);
    called.result = { type: 'tool-result', toolCallId, toolName, output };
  }
}

const errorText = (failure: unknown) => ({ type: 'error-text' as const, value: messageOf(failure) });

/** As plain JSON: what a tool returns may hold dates and undefined. */
function resultOf(output: unknown): ToolResult['output'] {
  if (typeof output === 'string') return { type: 'text', value: output };
  const json = JSON.stringify(output) as string | undefined;
  return { type: 'json', value: json === undefined ? null : (JSON.parse(json) as never) };
}

function existing(tools: ToolSet): string {
  const names = Object.keys(tools);
  return names.length === 0 ? 'No tools are available.' : `Available tools: ${names.join(', ')}.`;
}

/** A tool as the loop uses it: schemas are made by `jsonSchema` of the AI SDK. */
interface LoopTool {
  description?: unknown;
  inputSchema: Pick<Schema<unknown>, 'jsonSchema' | 'validate'>;
  execute?: (input: unknown, options: { toolCallId: string; abortSignal: AbortSignal }) => unknown;
}

/** A key that changes the prototype of what it is copied into, also in escaped letters. */
const MAY_HOLD_FORBIDDEN_KEY = /__proto__|\\u/;

function parsedInput(text: string): unknown {
  if (text.trim() === '') return {};
  if (!MAY_HOLD_FORBIDDEN_KEY.test(text)) return JSON.parse(text);
  return JSON.parse(text, (key, value: unknown) => {
    if (key === '__proto__') throw new SyntaxError('a key is __proto__');
    return value;
  });
}

/** @throws Error that tells the model what is wrong with its input */
function checked(name: string, { inputSchema }: LoopTool, text: string): unknown {
  let input: unknown;
  try {
    input = parsedInput(text);
  } catch (cause) {
    throw new Error(`Invalid input for tool ${name}: it is not JSON that can be used`, { cause });
  }
  const result = inputSchema.validate?.(input) as
    { success: true; value: unknown } | { success: false; error: Error } | undefined;
  if (result?.success === false)
    throw new Error(`Invalid input for tool ${name}: ${result.error.message}`, { cause: result.error });
  return result ? result.value : input;
}

function readable(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function functionsOf(tools: ToolSet): Promise<LanguageModelV4FunctionTool[]> {
  return Promise.all(
    Object.entries(tools).map(async ([name, { description, inputSchema }]) => ({
      type: 'function' as const,
      name,
      ...(typeof description === 'string' ? { description } : {}),
      inputSchema: await (inputSchema as unknown as LoopTool['inputSchema']).jsonSchema,
    })),
  );
}

/** A whole answer as the parts that a stream would have. */
function partsOfContent(
  part: Awaited<ReturnType<LanguageModelV4['doGenerate']>>['content'][number],
  index: number,
): StreamPart[] {
  const id = String(index);
  if (part.type === 'text') return [{ type: 'text-delta', id, delta: part.text, ...metadataOf(part) }];
  if (part.type === 'reasoning')
    return [
      { type: 'reasoning-start', id },
      { type: 'reasoning-delta', id, delta: part.text, ...metadataOf(part) },
    ];
  return part.type === 'tool-call' ? [part] : [];
}

type Metadata = Extract<StreamPart, { type: 'text-delta' }>['providerMetadata'];

function metadataOf({ providerMetadata }: { providerMetadata?: Metadata }): {
  providerMetadata?: NonNullable<Metadata>;
} {
  return providerMetadata ? { providerMetadata } : {};
}

/** The conversation as providers take it. */
function promptOf(instructions: string, messages: readonly ModelMessage[]): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Message[] = [{ role: 'system', content: instructions }];
  for (const message of messages) {
    const last = prompt.at(-1);
    const next = promptMessage(message);
    // Providers take the results of one turn together.
    if (next.role === 'tool' && last?.role === 'tool')
      prompt[prompt.length - 1] = { ...last, content: [...last.content, ...next.content] };
    else prompt.push(next);
  }
  return prompt;
}

function promptMessage(message: ModelMessage): LanguageModelV4Message {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', content: userContent(message.content) };
    case 'assistant':
      return { role: 'assistant', content: assistantContent(message.content) };
    case 'tool':
      return { role: 'tool', content: message.content as LanguageModelV4ToolResultPart[] };
  }
}

type UserContent = Extract<LanguageModelV4Message, { role: 'user' }>['content'];

function userContent(content: UserModelMessage['content']): UserContent {
  if (typeof content === 'string') return [{ type: 'text' as const, text: content }];
  return content.flatMap((part): UserContent => {
    if (part.type === 'text') return part.text === '' ? [] : [{ type: 'text' as const, text: part.text }];
    return part.type === 'file' ? [filePart(part.data, part.mediaType)] : [];
  });
}

/** A stored conversation holds addresses as texts. */
function filePart(data: unknown, mediaType: string): LanguageModelV4FilePart {
  if (data instanceof URL || (typeof data === 'string' && /^https?:/.test(data)))
    return { type: 'file', data: { type: 'url', url: new URL(data) }, mediaType };
  return { type: 'file', data: { type: 'data', data: data as string }, mediaType };
}

type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'];

function assistantContent(content: AssistantModelMessage['content']): AssistantContent {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return content.flatMap((part): AssistantContent => {
    const { providerOptions } = part as SaidPart;
    const provider = providerOptions ? { providerOptions } : {};
    if (part.type === 'text' || part.type === 'reasoning')
      return part.text === '' && !providerOptions ? [] : [{ type: part.type, text: part.text, ...provider }];
    if (part.type !== 'tool-call') return [];
    const { toolCallId, toolName, input } = part;
    return [{ type: 'tool-call', toolCallId, toolName, input, ...provider }];
  });
}
