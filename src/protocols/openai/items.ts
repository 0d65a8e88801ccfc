import { z } from 'zod';
import type { Approval } from '../../invocations/invocation.js';
import type { Message } from '../../sessions/session.js';
import type { CallerCall, ConversationMessage, MessagePart } from '../../runtimes/caller-request.js';
import { assertObject } from './chat.js';
import { imageUrl, optional } from './openai-body.js';

const text = z.string().max(4_000_000);
const spokenPart = z.object({ type: z.enum(['input_text', 'output_text', 'text']), text });
const refusalPart = z.object({ type: z.literal('refusal'), refusal: text });
const imagePart = z.object({ type: z.literal('input_image'), image_url: imageUrl });
const part = z.discriminatedUnion('type', [spokenPart, refusalPart, imagePart]);

const callSchema = z.object({
  type: z.literal('function_call'),
  call_id: z.string().min(1).max(200),
  name: z.string().min(1).max(200),
  arguments: text,
});
const resultSchema = z.object({
  type: z.literal('function_call_output'),
  call_id: z.string().min(1).max(200),
  output: z.union([text, z.array(z.discriminatedUnion('type', [spokenPart])).max(1_000)]),
});
/** What an agent did by itself. Clients send it back with the conversation; the agent does not need it again. */
const ownSchema = z.object({ type: z.enum(['mcp_call', 'mcp_list_tools', 'mcp_approval_request', 'reasoning']) });
/** What a person says about a call of the agent that waits for approval. */
const approvalSchema = z.object({
  type: z.literal('mcp_approval_response'),
  approval_request_id: z.string().min(1).max(200),
  approve: z.boolean(),
  reason: optional(z.string().max(2_000)),
});
const messageSchema = z.object({
  type: optional(z.literal('message')),
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([text, z.array(part).max(1_000)]),
});

export const itemSchema = z.union([callSchema, resultSchema, ownSchema, approvalSchema, messageSchema]);
export type Item = z.output<typeof itemSchema>;
export const inputSchema = z.union([text, z.array(itemSchema).max(2_000)]);

/** The decisions about calls of the agent in a request. */
export function decisionsIn(input: string | readonly Item[]): z.output<typeof approvalSchema>[] {
  if (typeof input === 'string') return [];
  return input.flatMap((item) => ('role' in item || item.type !== 'mcp_approval_response' ? [] : [item]));
}

/** A call of the agent that waits for approval. */
export const approvalItem = ({
  approval_id,
  tool,
  input,
}: Pick<Approval, 'approval_id' | 'tool' | 'input'>): OutputItem => ({
  id: approval_id.replace(/^appr_/, 'mcpr_'),
  type: 'mcp_approval_request',
  server_label: 'agent',
  name: tool,
  arguments: JSON.stringify(input ?? {}),
});

/** Items as messages: calls that stand together belong to one message, as models expect. @throws ValidationError */
export function messagesOf(input: string | readonly Item[]): ConversationMessage[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  const messages: ConversationMessage[] = [];
  for (const [index, item] of input.entries()) {
    if ('role' in item) messages.push(messageOf(item));
    else if (item.type === 'function_call') addCall(messages, item, `input[${index}].arguments`);
    else if (item.type === 'function_call_output')
      messages.push({ role: 'tool', content: textOf(item.output), call_id: item.call_id });
  }
  return messages;
}

function messageOf({ role, content }: z.output<typeof messageSchema>): ConversationMessage {
  if (role !== 'user') return { role: role === 'assistant' ? role : 'system', content: textOf(content) };
  if (typeof content === 'string' || content.every(({ type }) => type !== 'input_image'))
    return { role, content: textOf(content) };
  const parts = content.flatMap((one): MessagePart[] => {
    if (one.type === 'input_image') return [{ type: 'image', url: one.image_url }];
    return [{ type: 'text', text: one.type === 'refusal' ? one.refusal : one.text }];
  });
  return { role, content: textOf(content), parts };
}

function addCall(messages: ConversationMessage[], item: z.output<typeof callSchema>, param: string): void {
  assertObject(item.arguments, param);
  const call: CallerCall = { call_id: item.call_id, tool: item.name, arguments: item.arguments };
  const last = messages.at(-1);
  if (last?.role === 'assistant') last.calls = [...(last.calls ?? []), call];
  else messages.push({ role: 'assistant', content: '', calls: [call] });
}

function textOf(content: string | readonly z.output<typeof part>[]): string {
  if (typeof content === 'string') return content;
  return content
    .flatMap((one) => (one.type === 'input_image' ? [] : [one.type === 'refusal' ? one.refusal : one.text]))
    .join('\n');
}

/** What stands in an answer or in a conversation. */
export type OutputItem = Record<string, unknown> & { id: string; type: string };

export const outputText = (content: string) => ({
  type: 'output_text' as const,
  text: content,
  annotations: [],
  logprobs: [],
});

export const assistantItem = (id: string, content: string, status = 'completed'): OutputItem => ({
  id,
  type: 'message',
  role: 'assistant',
  status,
  content: status === 'in_progress' ? [] : [outputText(content)],
});

export const callItem = (id: string, call: CallerCall, status = 'completed'): OutputItem => ({
  id,
  type: 'function_call',
  call_id: call.call_id,
  name: call.tool,
  arguments: status === 'in_progress' ? '' : call.arguments,
  status,
});

/** A message as items. The id of each holds where it stands, so that it can be found again. */
export function itemsOf(message: ConversationMessage, idAt: (prefix: string, index: number) => string): OutputItem[] {
  const { role, content, parts, calls = [], call_id } = message;
  const status = 'completed';
  switch (role) {
    case 'assistant': {
      const said = content === '' && calls.length > 0 ? [] : [assistantItem(idAt('msg', 0), content)];
      return [...said, ...calls.map((call, index) => callItem(idAt('fc', said.length + index), call))];
    }
    case 'tool':
      return [{ id: idAt('fco', 0), type: 'function_call_output', call_id, output: content, status }];
    case 'user':
    case 'system': {
      const shown = (parts ?? [{ type: 'text' as const, text: content }]).map((one) =>
        one.type === 'text'
          ? { type: 'input_text', text: one.text }
          : { type: 'input_image', image_url: one.url, file_id: null, detail: 'auto' },
      );
      return [{ id: idAt('msg', 0), type: 'message', role, content: shown, status }];
    }
  }
}

const ITEM_ID = /^(?:msg|fc|fco)_([0-9A-Z]{26})_(\d{1,9})_(\d{1,4})$/;

/** The items of a session's message. */
export function itemsOfStored(message: Message): OutputItem[] {
  const ulid = message.message_id.replace(/^msg_/, '');
  return itemsOf(message, (prefix, index) => `${prefix}_${ulid}_${message.sequence}_${index}`);
}

/** Where an item of a session stands; undefined for what is no such id. */
export function placeOf(item_id: string): { message_id: string; sequence: number } | undefined {
  const [, ulid, sequence] = ITEM_ID.exec(item_id) ?? [];
  return ulid === undefined ? undefined : { message_id: `msg_${ulid}`, sequence: Number(sequence) };
}
