import { toUSVString } from 'node:util';
import { z } from 'zod';
import type { Invocation } from '../../invocations/invocation.js';
import type { RunStreamEvent } from '../../invocations/run-feed.js';
import { RawData, type StreamEvent } from '../../platform/http/event-stream.js';
import type { CallerCall, CallOptions, ConversationMessage, MessagePart } from '../../runtimes/caller-request.js';
import { ValidationError } from '../../shared/domain-error.js';
import type { Usage } from '../../shared/usage.js';
import {
  functionTool,
  idWith,
  imageUrl,
  never,
  only,
  optional,
  sampling,
  schemaFormat,
  seconds,
  toolName,
} from './openai-body.js';
import { openAiErrorBody } from './openai-error.js';

const text = z.string().max(4_000_000);
const textPart = z.object({ type: z.literal('text'), text });
const imagePart = z.object({ type: z.literal('image_url'), image_url: z.object({ url: imageUrl }) });
const texts = z.union([text, z.array(textPart).min(1).max(1_000)]);

const messageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: texts }),
  z.object({
    role: z.literal('user'),
    content: z.union([
      text,
      z
        .array(z.discriminatedUnion('type', [textPart, imagePart]))
        .min(1)
        .max(1_000),
    ]),
  }),
  z.object({
    role: z.literal('assistant'),
    content: optional(
      z.union([text, z.array(z.union([textPart, z.object({ type: z.literal('refusal'), refusal: text })])).max(1_000)]),
    ),
    refusal: optional(text),
    tool_calls: optional(
      z
        .array(
          z.object({
            id: z.string().min(1).max(200),
            type: z.literal('function'),
            function: z.object({ name: z.string().min(1).max(200), arguments: text }),
          }),
        )
        .max(128),
    ),
  }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string().min(1).max(200), content: texts }),
]);

/** `POST /v1/chat/completions`. What is not named here is accepted and ignored: it is a hint that changes no promise. */
export const chatSchema = z.object({
  model: z.string().min(1).max(300),
  messages: z.array(messageSchema).min(1).max(2_000),
  stream: optional(z.boolean()),
  stream_options: optional(z.object({ include_usage: optional(z.boolean()) })),
  tools: optional(z.array(z.object({ type: z.literal('function'), function: functionTool })).max(128)),
  tool_choice: optional(
    z.union([
      z.enum(['none', 'auto', 'required']),
      z.object({ type: z.literal('function'), function: z.object({ name: toolName }) }),
    ]),
  ),
  response_format: optional(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('text') }),
      z.object({ type: z.literal('json_object') }),
      z.object({ type: z.literal('json_schema'), json_schema: schemaFormat }),
    ]),
  ),
  max_completion_tokens: optional(z.int().min(1)),
  max_tokens: optional(z.int().min(1)),
  presence_penalty: optional(z.number().min(-2).max(2)),
  frequency_penalty: optional(z.number().min(-2).max(2)),
  seed: optional(z.int()),
  stop: optional(z.union([z.string().min(1), z.array(z.string().min(1)).max(4)])),
  n: only(1, 'an agent returns one answer'),
  logprobs: only(false, 'agents return no log probabilities'),
  top_logprobs: never('agents return no log probabilities'),
  logit_bias: optional(
    z.record(z.string(), z.unknown()).refine((bias) => Object.keys(bias).length === 0, 'is not supported'),
  ),
  modalities: optional(z.array(z.literal('text', 'is not supported: agents answer with text')).max(1)),
  audio: never('agents answer with text'),
  web_search_options: never('give the agent a tool that searches'),
  functions: never('use tools'),
  function_call: never('use tool_choice'),
  ...sampling,
});

export type ChatRequest = z.output<typeof chatSchema>;
type Message = z.output<typeof messageSchema>;

/** What the record of a run holds of a question. */
export const RECORDED_CHARACTERS = 100_000;

/** OpenAI's names of what the platform calls otherwise. */
export const CHAT_NAMES = {
  images: 'messages',
  answer_format: 'response_format',
  max_output_tokens: 'max_completion_tokens',
  tools: 'tools',
};

/** The run that a request asks for. @throws ValidationError */
export function chatRun(body: ChatRequest): { input_text: string; turn: ConversationMessage[]; options: CallOptions } {
  const turn = body.messages.map(messageOf);
  const lastQuestion = turn.findLast(({ role }) => role === 'user');
  if (!lastQuestion) throw ValidationError.field('messages', 'must have a user message');
  const { tools, tool_choice, response_format, stop, parallel_tool_calls } = body;
  const choice = typeof tool_choice === 'object' ? { name: tool_choice.function.name } : tool_choice;
  assertChoice(choice, tools?.map((tool) => tool.function.name) ?? []);
  const options = {
    ...picked(body, ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'seed']),
    tools: tools?.map(({ function: { name, description, parameters } }) => ({
      name,
      description,
      input_schema: parameters ?? { type: 'object', properties: {} },
    })),
    tool_choice: choice,
    one_call: parallel_tool_calls === false ? true : undefined,
    answer_format: formatOf(response_format),
    stop: typeof stop === 'string' ? [stop] : stop,
    max_output_tokens: body.max_completion_tokens ?? body.max_tokens,
  };
  return { input_text: toUSVString(lastQuestion.content.slice(0, RECORDED_CHARACTERS)), turn, options };
}

export function assertChoice(choice: CallOptions['tool_choice'], names: readonly string[]): void {
  if (choice === 'required' && names.length === 0) throw ValidationError.field('tool_choice', 'needs tools');
  if (typeof choice === 'object' && !names.includes(choice.name))
    throw ValidationError.field('tool_choice', `names "${choice.name}", which is not one of tools`);
}

function picked<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
}

function formatOf(format: ChatRequest['response_format']): CallOptions['answer_format'] {
  if (format?.type === 'json_object') return { name: 'answer' };
  if (format?.type !== 'json_schema') return undefined;
  const { name, description, schema } = format.json_schema;
  return { name, schema, ...(description === undefined ? {} : { description }) };
}

function messageOf(message: Message, index: number): ConversationMessage {
  const content = textOf(message.content);
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', content };
    case 'tool':
      return { role: 'tool', content, call_id: message.tool_call_id };
    case 'user':
      return { role: 'user', content, ...partsOf(message.content) };
    case 'assistant': {
      const calls = message.tool_calls?.map((call, at) => callOf(call, `messages[${index}].tool_calls[${at}]`));
      return { role: 'assistant', content: content || (message.refusal ?? ''), ...(calls?.length ? { calls } : {}) };
    }
  }
}

function textOf(content: Message['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? [])
    .map((part) => (part.type === 'text' ? part.text : part.type === 'refusal' ? part.refusal : ''))
    .filter((part) => part !== '')
    .join('\n');
}

function partsOf(content: Extract<Message, { role: 'user' }>['content']): { parts?: MessagePart[] } {
  if (typeof content === 'string' || content.every(({ type }) => type === 'text')) return {};
  return { parts: content.map((part) => (part.type === 'text' ? part : { type: 'image', url: part.image_url.url })) };
}

function callOf(call: { id: string; function: { name: string; arguments: string } }, param: string): CallerCall {
  const { name: tool, arguments: json } = call.function;
  assertObject(json, `${param}.function.arguments`);
  return { call_id: call.id, tool, arguments: json };
}

export function assertObject(json: string, param: string): void {
  try {
    if (typeof JSON.parse(json) === 'object') return;
  } catch {
    // Refused below.
  }
  throw ValidationError.field(param, 'must be a JSON object as text');
}

const FINISHES = { stop: 'stop', length: 'length', tool_calls: 'tool_calls' } as const;

const toolCall = ({ call_id: id, tool: name, arguments: json }: CallerCall) => ({
  id,
  type: 'function' as const,
  function: { name, arguments: json },
});

export const usageOf = ({ input_tokens, output_tokens }: Usage) => ({
  prompt_tokens: input_tokens,
  completion_tokens: output_tokens,
  total_tokens: input_tokens + output_tokens,
});

/** `model` is what the request named; `system_fingerprint` names the language model behind the agent. */
export function chatCompletion(run: Invocation, model: string) {
  const { output_text, calls, finish_reason = 'stop' } = run;
  const content = calls && !output_text ? null : (output_text ?? '');
  const message = { role: 'assistant', content, refusal: null, ...(calls ? { tool_calls: calls.map(toolCall) } : {}) };
  return {
    id: idWith('chatcmpl-', run.invocation_id),
    object: 'chat.completion',
    created: seconds(run.created_at),
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: FINISHES[finish_reason] }],
    usage: usageOf(run.usage),
    system_fingerprint: run.model,
  };
}

/** Stands for the text of a chunk. */
const TEXT = '\u0000text\u0000';

/** A run as chunks. The agent's own tools stay its own; only its text and calls of the caller's tools are streamed. */
export async function* chatChunks(
  events: AsyncIterable<RunStreamEvent>,
  { model, withUsage, created }: { model: string; withUsage: boolean; created: number },
): AsyncGenerator<StreamEvent> {
  let head = {};
  let calls = 0;
  // Everything of a text chunk but its text is always the same.
  let [beforeText, afterText] = ['', ''];
  const chunk = (choices: unknown[], extra = {}): StreamEvent => ({ data: { ...head, choices, ...extra } });
  const part = (delta: object, finish_reason: string | null = null) =>
    chunk([{ index: 0, delta, logprobs: null, finish_reason }], withUsage ? { usage: null } : {});
  for await (const { event, data } of events) {
    if (event === 'start') {
      const { invocation_id, model: system_fingerprint } = data as { invocation_id: string; model: string };
      const id = idWith('chatcmpl-', invocation_id);
      head = { id, object: 'chat.completion.chunk', created, model, system_fingerprint };
      yield part({ role: 'assistant', content: '', refusal: null });
      [beforeText = '', afterText = ''] = JSON.stringify(part({ content: TEXT }).data).split(JSON.stringify(TEXT));
    } else if (event === 'delta')
      yield { data: new RawData(beforeText + JSON.stringify((data as { text: string }).text) + afterText) };
    else if (event === 'caller_call') yield part({ tool_calls: [{ index: calls++, ...toolCall(data as CallerCall) }] });
    else if (event === 'done') {
      const { finish_reason = 'stop', usage } = data as Pick<Invocation, 'finish_reason' | 'usage'>;
      yield part({}, FINISHES[finish_reason]);
      if (withUsage) yield chunk([], { usage: usageOf(usage) });
      yield { data: new RawData('[DONE]') };
    } else if (event === 'approval_required') {
      // The protocol has no word for it: the caller decides over the REST API or with the Responses API.
      const { invocation_id } = data as { invocation_id: string };
      const message = `The run ${invocation_id} waits for approval of a tool call`;
      yield { data: { error: openAiErrorBody({ code: 'RESOURCE_CONFLICT', message }) } };
    } else if (event === 'error') yield { data: { error: openAiErrorBody(data as { code: string; message: string }) } };
  }
}
