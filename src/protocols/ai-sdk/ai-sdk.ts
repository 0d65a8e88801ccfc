import type { UIMessageChunk } from 'ai';
import { z } from 'zod';
import type { Approval } from '../../invocations/invocation.js';
import { isPause, type RunStreamEvent } from '../../invocations/run-feed.js';
import { RawData, type StreamEvent } from '../../platform/http/event-stream.js';
import type { CallerCall, ConversationMessage, MessagePart } from '../../runtimes/caller-request.js';
import { ValidationError } from '../../shared/domain-error.js';
import { imageUrl } from '../openai/openai-body.js';

/** What the record of a run holds of a question. */
const RECORDED_CHARACTERS = 100_000;
const TOOL = /^(?:dynamic-tool|tool-.+)$/;

const text = z.string().max(4_000_000);
/** Parts of other types (steps, reasoning, sources, data) are shown to people only and ignored here. */
const partSchema = z.looseObject({
  type: z.string().max(200),
  text: text.optional(),
  mediaType: z.string().max(100).optional(),
  url: z.string().max(14_000_000).optional(),
  toolCallId: z.string().max(200).optional(),
  toolName: z.string().max(200).optional(),
  state: z.string().max(50).optional(),
  errorText: text.optional(),
  approval: z
    .looseObject({
      id: z.string().max(200),
      approved: z.boolean().optional(),
      reason: z.string().max(2_000).optional(),
    })
    .optional(),
});

/** What `DefaultChatTransport` sends. `session_id` is ours: set it in the transport's `body` to continue a session. */
export const chatRequestSchema = z.object({
  id: z.string().max(200).optional(),
  messages: z
    .array(
      z.object({
        id: z.string().max(200).optional(),
        role: z.enum(['system', 'user', 'assistant']),
        parts: z.array(partSchema).max(1_000),
      }),
    )
    .min(1)
    .max(2_000)
    .meta({ example: [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'What is 15 percent of 80?' }] }] }),
  trigger: z.string().max(50).optional(),
  messageId: z.string().max(200).nullish(),
  session_id: z.string().min(1).max(200).optional(),
});

export type ChatRequest = z.output<typeof chatRequestSchema>;
type Part = z.output<typeof partSchema>;

const APPROVAL = /^(inv_\w+):(appr_\w+)$/;

/** The calls of a waiting run that the last message decides; undefined for a request that begins a run. */
export function decidedChat({
  messages,
}: ChatRequest):
  { invocation_id: string; decisions: { approval_id: string; approve: boolean; comment?: string }[] } | undefined {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return undefined;
  const decided = last.parts.flatMap(({ state, approval }) => {
    const [, invocation_id, approval_id] = APPROVAL.exec(approval?.id ?? '') ?? [];
    if (state !== 'approval-responded' || !invocation_id || !approval_id) return [];
    const comment = approval?.reason === undefined ? {} : { comment: approval.reason };
    return [{ invocation_id, approval_id, approve: approval?.approved === true, ...comment }];
  });
  const [first] = decided;
  if (!first) return undefined;
  const decisions = decided.map(({ invocation_id: _run, ...decision }) => decision);
  return { invocation_id: first.invocation_id, decisions };
}

/** @throws ValidationError */
export function askedChat({ messages, session_id }: ChatRequest): {
  input_text: string;
  session_id?: string;
  turn?: ConversationMessage[];
} {
  const turn = messages.flatMap(conversationOf);
  const question = turn.findLast(({ role }) => role === 'user');
  if (!question) throw ValidationError.field('messages', 'must have a user message');
  const input_text = question.content.slice(0, RECORDED_CHARACTERS);
  if (session_id === undefined) return { input_text, turn };
  if (turn.at(-1) !== question) throw ValidationError.field('messages', 'must end with a user message');
  return { input_text, session_id, ...(question.parts ? { turn: [question] } : {}) };
}

/** One message of the UI. An answer with tools is several messages of the conversation. */
function conversationOf({ role, parts }: ChatRequest['messages'][number]): ConversationMessage[] {
  if (role !== 'assistant') {
    const content = textOf(parts);
    return [{ role, content, ...(role === 'user' ? imagesOf(parts) : {}) }];
  }
  const conversation: ConversationMessage[] = [];
  let calls: CallerCall[] = [];
  let results: ConversationMessage[] = [];
  let said = '';
  const flush = (): void => {
    if (said !== '' || calls.length > 0)
      conversation.push({ role: 'assistant', content: said, ...(calls.length > 0 ? { calls } : {}) }, ...results);
    [said, calls, results] = ['', [], []];
  };
  for (const part of parts) {
    if (part.type === 'text') {
      if (calls.length > 0) flush();
      said += part.text ?? '';
    } else if (TOOL.test(part.type) && part.toolCallId && part.state?.startsWith('output-')) {
      const { toolCallId: call_id, errorText, input, output } = part;
      const tool = part.toolName ?? part.type.slice('tool-'.length);
      calls.push({ call_id, tool, arguments: JSON.stringify(input ?? {}) });
      results.push({ role: 'tool', call_id, content: errorText ?? JSON.stringify(output ?? null) });
    }
  }
  flush();
  return conversation;
}

const textOf = (parts: readonly Part[]): string =>
  parts.flatMap((part) => (part.type === 'text' && part.text ? [part.text] : [])).join('\n');

function imagesOf(parts: readonly Part[]): { parts?: MessagePart[] } {
  if (parts.every(({ type }) => type !== 'file')) return {};
  return {
    parts: parts.flatMap((part): MessagePart[] => {
      if (part.type === 'text') return [{ type: 'text', text: part.text ?? '' }];
      if (part.type !== 'file') return [];
      if (!part.mediaType?.startsWith('image/'))
        throw ValidationError.field(
          'messages',
          'has a file that is not an image; upload documents to the session instead',
        );
      const url = imageUrl.safeParse(part.url);
      if (!url.success)
        throw ValidationError.field('messages', `has an image that ${url.error.issues[0]?.message ?? ''}`);
      return [{ type: 'image', url: url.data }];
    }),
  };
}

/**
 * A run as the AI SDK's UI message stream. Its last event is `[DONE]`, also after an error.
 * @param resumed the run that goes on after a wait: the client adds to the message that it has
 */
export async function* uiMessageStream(
  events: AsyncIterable<RunStreamEvent>,
  resumed?: string,
): AsyncGenerator<StreamEvent> {
  const chunk = (data: UIMessageChunk): StreamEvent => ({ data });
  let texts = 0;
  let open: string | undefined;
  let isOver = false;
  const closed = (): UIMessageChunk[] => {
    const ends: UIMessageChunk[] = open === undefined ? [] : [{ type: 'text-end', id: open }];
    open = undefined;
    return ends;
  };
  if (resumed !== undefined) {
    yield chunk({ type: 'start', messageId: resumed });
    yield chunk({ type: 'start-step' });
  }
  for await (const { event, data } of events) {
    if (event === 'start' && resumed === undefined) {
      const { invocation_id, session_id, model } = data as { invocation_id: string; session_id: string; model: string };
      yield chunk({ type: 'start', messageId: invocation_id, messageMetadata: { invocation_id, session_id, model } });
      yield chunk({ type: 'start-step' });
    } else if (event === 'delta') {
      if (open === undefined) {
        open = `text-${++texts}`;
        yield chunk({ type: 'text-start', id: open });
      }
      yield chunk({ type: 'text-delta', id: open, delta: (data as { text: string }).text });
    } else if (event === 'tool_call') {
      for (const end of closed()) yield chunk(end);
      const { call_id: toolCallId, tool: toolName, input } = data as { call_id: string; tool: string; input: unknown };
      yield chunk({ type: 'tool-input-available', toolCallId, toolName, input, dynamic: true, providerExecuted: true });
    } else if (event === 'tool_result') {
      const { call_id: toolCallId, output, error } = data as { call_id: string; output?: unknown; error?: string };
      const about = { toolCallId, dynamic: true, providerExecuted: true };
      if (error === undefined) yield chunk({ type: 'tool-output-available', output, ...about });
      else yield chunk({ type: 'tool-output-error', errorText: error, ...about });
    } else if (isPause({ event, data })) {
      isOver = true;
      const { invocation_id, approvals } = data as { invocation_id: string; approvals: Approval[] };
      for (const end of closed()) yield chunk(end);
      for (const { approval_id, call_id: toolCallId, tool: toolName, input } of approvals) {
        yield chunk({ type: 'tool-input-available', toolCallId, toolName, input, dynamic: true });
        yield chunk({ type: 'tool-approval-request', toolCallId, approvalId: `${invocation_id}:${approval_id}` });
      }
      yield chunk({ type: 'finish-step' });
      yield chunk({ type: 'finish', finishReason: 'tool-calls' });
      break;
    } else if (event === 'done') {
      isOver = true;
      const { usage, finish_reason } = data as { usage: unknown; finish_reason?: string };
      for (const end of closed()) yield chunk(end);
      yield chunk({ type: 'finish-step' });
      yield chunk({
        type: 'finish',
        finishReason: finish_reason === 'length' ? 'length' : 'stop',
        messageMetadata: { usage },
      });
    } else if (event === 'error') {
      isOver = true;
      yield streamError(data as { message: string });
    }
  }
  if (!isOver) yield streamError({ message: 'The run was interrupted' });
  yield { data: new RawData('[DONE]') };
}

export const streamError = ({ message }: { message: string }): StreamEvent => ({
  data: { type: 'error', errorText: message } satisfies UIMessageChunk,
});
