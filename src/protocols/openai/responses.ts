import { toUSVString } from 'node:util';
import { decodeTime, isValid } from 'ulid';
import { z } from 'zod';
import { awaited, type Invocation, isPending } from '../../invocations/invocation.js';
import type { CallOptions, ConversationMessage } from '../../runtimes/caller-request.js';
import { ValidationError } from '../../shared/domain-error.js';
import { NO_USAGE, type Usage } from '../../shared/usage.js';
import { assertChoice, RECORDED_CHARACTERS } from './chat.js';
import { approvalItem, assistantItem, callItem, inputSchema, messagesOf, type OutputItem } from './items.js';
import { functionTool, idWith, never, optional, sampling, schemaFormat, seconds, toolName } from './openai-body.js';

/** `POST /v1/responses`. What is not named here is accepted and ignored: it is a hint that changes no promise. */
export const responsesSchema = z.object({
  model: z.string().min(1).max(300),
  input: inputSchema,
  instructions: optional(z.string().max(100_000)),
  previous_response_id: optional(z.string().min(1).max(100)),
  conversation: optional(z.union([z.string().min(1).max(100), z.object({ id: z.string().min(1).max(100) })])),
  background: optional(z.boolean()),
  store: optional(z.boolean()),
  stream: optional(z.boolean()),
  tools: optional(z.array(z.object({ type: z.literal('function'), ...functionTool.shape })).max(128)),
  tool_choice: optional(
    z.union([z.enum(['none', 'auto', 'required']), z.object({ type: z.literal('function'), name: toolName })]),
  ),
  text: optional(
    z.object({
      format: optional(
        z.discriminatedUnion('type', [
          z.object({ type: z.literal('text') }),
          z.object({ type: z.literal('json_object') }),
          schemaFormat.extend({ type: z.literal('json_schema') }),
        ]),
      ),
    }),
  ),
  max_output_tokens: optional(z.int().min(1)),
  max_tool_calls: never('the limits of the agent apply'),
  top_logprobs: optional(z.literal(0, 'is not supported: agents return no log probabilities')),
  prompt: never('the agent has its own instructions'),
  ...sampling,
});

export type ResponsesRequest = z.output<typeof responsesSchema>;

/** OpenAI's names of what the platform calls otherwise. */
export const RESPONSES_NAMES = { images: 'input', messages: 'input', answer_format: 'text.format', stored: 'input' };

/** The run that a request asks for. @throws ValidationError */
export function responsesRun(body: ResponsesRequest): {
  input_text: string;
  turn: ConversationMessage[];
  options: CallOptions;
} {
  const turn = messagesOf(body.input);
  const continues = body.previous_response_id !== undefined || body.conversation !== undefined;
  if (body.previous_response_id !== undefined && body.conversation !== undefined)
    throw ValidationError.field('conversation', 'cannot be combined with previous_response_id');
  if (body.background && body.store === false)
    throw ValidationError.field('store', 'must not be false with "background": true');
  if (!turn.some(({ role }) => role === 'user' || (continues && role === 'tool')))
    throw ValidationError.field('input', 'must have a user message');
  const { tools, tool_choice } = body;
  const choice = typeof tool_choice === 'object' ? { name: tool_choice.name } : tool_choice;
  assertChoice(choice, tools?.map(({ name }) => name) ?? []);
  const { instructions, temperature, top_p, max_output_tokens } = body;
  const asked = (turn.findLast(({ role }) => role === 'user') ?? turn.at(-1))?.content ?? '';
  return {
    input_text: toUSVString(asked.slice(0, RECORDED_CHARACTERS)),
    turn,
    options: {
      instructions,
      temperature,
      top_p,
      max_output_tokens,
      tools: tools?.map(({ name, description, parameters }) => ({
        name,
        description,
        input_schema: parameters ?? { type: 'object', properties: {} },
      })),
      tool_choice: choice,
      one_call: body.parallel_tool_calls === false ? true : undefined,
      answer_format: formatOf(body.text?.format),
    },
  };
}

function formatOf(format: NonNullable<ResponsesRequest['text']>['format']): CallOptions['answer_format'] {
  if (format?.type === 'json_object') return { name: 'answer' };
  if (format?.type !== 'json_schema') return undefined;
  const { name, description, schema } = format;
  return { name, schema, ...(description === undefined ? {} : { description }) };
}

/** What a response repeats of its request. */
export type Echo = Record<string, unknown>;

export function echoOf(body: ResponsesRequest): Echo {
  const { conversation, input: _input, stream: _stream, ...rest } = body;
  const id = typeof conversation === 'object' ? conversation.id : conversation;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), ...(id === undefined ? {} : { conversation: { id } }) };
}

const DEFAULTS = {
  background: false,
  conversation: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  service_tier: 'default',
  store: true,
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: null,
  truncation: 'disabled',
  user: null,
};

export interface ResponseState {
  invocation_id: string;
  agent_id: string;
  echo: Echo;
}

/** A response in one of its states. When it was created is read from its id. */
export function responseObject(
  { invocation_id, agent_id, echo }: ResponseState,
  status: string,
  output: readonly OutputItem[],
  rest: Record<string, unknown> = {},
) {
  const ulid = invocation_id.replace(/^inv_/, '');
  return {
    id: idWith('resp_', invocation_id),
    object: 'response',
    created_at: isValid(ulid) ? Math.floor(decodeTime(ulid) / 1000) : 0,
    status,
    completed_at: null,
    error: null,
    incomplete_details: null,
    ...DEFAULTS,
    model: agent_id,
    ...echo,
    output,
    usage: null,
    ...rest,
  };
}

/** The end of a run that succeeded. */
export function ended(finish_reason: string | undefined, usage: Usage, completed_at: number) {
  const isCut = finish_reason === 'length';
  return {
    status: isCut ? 'incomplete' : 'completed',
    rest: {
      completed_at,
      usage: usageOf(usage),
      ...(isCut ? { incomplete_details: { reason: 'max_output_tokens' } } : {}),
    },
  };
}

/** The end of a run that failed, by its reason. */
export function failed(reason: unknown, message: string) {
  if (reason === 'cancelled') return { status: 'cancelled', rest: {} };
  return { status: 'failed', rest: { error: { code: 'server_error', message } } };
}

export const usageOf = ({ input_tokens, output_tokens }: Usage) => ({
  input_tokens,
  input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  output_tokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: input_tokens + output_tokens,
});

/** A recorded run as a response. @param echo of a request that was not kept */
export function responseOf(run: Invocation, echo: Echo = run.kept_request?.echo ?? {}) {
  const state = { invocation_id: run.invocation_id, agent_id: run.agent_id, echo };
  const asked = awaited(run).filter(isPending);
  const output = [...outputOf(run), ...asked.map(approvalItem)];
  if (asked.length > 0) return responseObject(state, 'completed', output, { usage: usageOf(run.usage) });
  if (run.status === 'running' || run.status === 'waiting') return responseObject(state, 'in_progress', []);
  if (run.status === 'failed') {
    const { status, rest } = failed(run.error?.reason, run.error?.message ?? 'The run failed');
    return responseObject(state, status, output, {
      ...rest,
      ...(run.usage === NO_USAGE ? {} : { usage: usageOf(run.usage) }),
    });
  }
  const { status, rest } = ended(run.finish_reason, run.usage, seconds(run.completed_at ?? run.created_at));
  return responseObject(state, status, output, rest);
}

/** Text, the agent's own tools, without those of members of its team, and calls of the caller's tools, in the order of the run where its trace has it. */
function outputOf({ invocation_id, output_text, trace, calls = [] }: Invocation): OutputItem[] {
  const ids = itemIds(invocation_id);
  const steps = (trace?.steps ?? []).filter(({ agent }) => agent === undefined);
  const said = steps
    .flatMap(({ type, output }) => (type === 'model' ? [textIn(output)] : []))
    .filter((text) => text !== '');
  const isWhole = said.join('\n\n') === (output_text ?? '');
  const items = steps.flatMap((step): OutputItem[] => {
    if (step.type === 'tool') return [toolItem(ids('mcp'), step.name, step.input, step)];
    const text = textIn(step.output);
    return isWhole && text !== '' ? [assistantItem(ids('msg'), text)] : [];
  });
  if (!isWhole && output_text) items.push(assistantItem(ids('msg'), output_text));
  return [...items, ...calls.map((call) => callItem(ids('fc'), call))];
}

function textIn(output: unknown): string {
  const { text } = (output ?? {}) as { text?: unknown };
  return typeof text === 'string' ? text : '';
}

/** A call of one of the agent's own tools. A `function_call` would make the client run it. */
export function toolItem(
  id: string,
  name: string,
  input: unknown,
  result: { output?: unknown; error?: string },
  status = result.error === undefined ? 'completed' : 'failed',
): OutputItem {
  const { output, error } = result;
  return {
    id,
    type: 'mcp_call',
    server_label: 'agent',
    name,
    arguments: JSON.stringify(input ?? {}),
    output: output === undefined ? null : JSON.stringify(output),
    error: error ?? null,
    approval_request_id: null,
    status,
  };
}

/** Ids of the items of a response, numbered in their order. */
export function itemIds(invocation_id: string): (prefix: string) => string {
  const ulid = invocation_id.replace(/^inv_/, '');
  let next = 0;
  return (prefix) => `${prefix}_${ulid}_${next++}`;
}
