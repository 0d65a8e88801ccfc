import { z } from 'zod';
import type { Approval } from '../../invocations/invocation.js';
import { isPause, type RunStreamEvent } from '../../invocations/run-feed.js';
import type { StreamEvent } from '../../platform/http/event-stream.js';
import type { CallerCall, CallOptions, ConversationMessage, MessagePart } from '../../runtimes/caller-request.js';
import { ValidationError } from '../../shared/domain-error.js';
import { imageUrl } from '../openai/openai-body.js';

const PROTOCOL_VERSION = '1.0';
/** What the record of a run holds of a question. */
const RECORDED_CHARACTERS = 100_000;
const SESSION = /^sess_/;

const text = z.string().max(4_000_000);
const id = z.string().min(1).max(200);
const source = z.discriminatedUnion('type', [
  z.object({ type: z.literal('data'), value: text, mimeType: z.string().max(100) }),
  z.object({ type: z.literal('url'), value: z.string().max(14_000_000) }),
]);
const part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text }),
  z.object({ type: z.literal('image'), source }),
]);
const content = z.union([text, z.array(part).max(1_000)]);
const toolCall = z.object({ id, function: z.object({ name: z.string().min(1).max(200), arguments: text }) });

const messageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: text }),
  z.object({ role: z.literal('user'), content }),
  z.object({ role: z.literal('assistant'), content: text.nullish(), toolCalls: z.array(toolCall).max(128).nullish() }),
  z.object({ role: z.literal('tool'), toolCallId: id, content }),
  z.object({ role: z.enum(['activity', 'reasoning']) }),
]);

/** `RunAgentInput`. What is not named here is accepted and ignored. */
export const runInputSchema = z.object({
  threadId: id.meta({ example: 'thread-1' }),
  runId: id.meta({ example: 'run-1' }),
  parentRunId: id.nullish(),
  messages: z
    .array(messageSchema)
    .min(1)
    .max(2_000)
    .meta({ example: [{ id: '1', role: 'user', content: 'What is 15 percent of 80?' }] }),
  tools: z
    .array(
      z.object({
        name: z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -'),
        description: z.string().max(10_000).nullish(),
        parameters: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .max(128)
    .nullish(),
  context: z
    .array(z.object({ description: text, value: text }))
    .max(100)
    .nullish(),
  state: z.unknown().optional(),
  resume: z
    .array(z.object({ interruptId: id, status: z.enum(['resolved', 'cancelled']), payload: z.unknown().optional() }))
    .max(100)
    .nullish(),
});

export type RunInput = z.output<typeof runInputSchema>;
type Message = RunInput['messages'][number];

/** The run that a request asks for. A thread that is a session continues it; otherwise the messages are the conversation. */
export interface AskedRun {
  input_text: string;
  session_id?: string;
  turn?: ConversationMessage[];
  options: CallOptions;
  session_state?: Record<string, unknown>;
}

/** The calls of a waiting run that a request decides. A cancelled interrupt is a refusal. */
export interface Resumption {
  invocation_id: string;
  decisions: { approval_id: string; approve: boolean; comment?: string }[];
}

const INTERRUPT = /^(inv_\w+):(appr_\w+)$/;
const interruptSchema = z.looseObject({ approve: z.boolean(), comment: z.string().max(2_000).optional() });

/** @returns undefined for a request that begins a run. @throws ValidationError */
export function resumptionOf({ resume }: RunInput): Resumption | undefined {
  const entries = (resume ?? []).map(({ interruptId, status, payload }) => {
    const [, invocation_id, approval_id] = INTERRUPT.exec(interruptId) ?? [];
    if (!invocation_id || !approval_id) throw ValidationError.field('resume', `has no interrupt ${interruptId}`);
    if (status === 'cancelled') return { invocation_id, approval_id, approve: false };
    const parsed = interruptSchema.safeParse(payload);
    if (!parsed.success) throw ValidationError.field('resume', 'must have "approve": true or false in each payload');
    const { approve, comment } = parsed.data;
    return { invocation_id, approval_id, approve, ...(comment === undefined ? {} : { comment }) };
  });
  const [first] = entries;
  if (!first) return undefined;
  if (entries.some(({ invocation_id }) => invocation_id !== first.invocation_id))
    throw ValidationError.field('resume', 'must contain interrupts of one run only');
  const decisions = entries.map(({ invocation_id: _run, ...decision }) => decision);
  return { invocation_id: first.invocation_id, decisions };
}

/** What a run that waits for approval asks. */
const interruptOf = (invocation_id: string) => (approval: Approval) => ({
  id: `${invocation_id}:${approval.approval_id}`,
  reason: 'tool_approval',
  message: `The agent wants to call ${approval.tool}`,
  toolCallId: approval.call_id,
  expiresAt: approval.expires_at,
  responseSchema: {
    type: 'object',
    properties: { approve: { type: 'boolean' }, comment: { type: 'string' } },
    required: ['approve'],
  },
  metadata: { tool: approval.tool, input: approval.input },
});

/** @throws ValidationError */
export function askedRun({ threadId, messages, tools, context, state }: RunInput): AskedRun {
  const turn = conversationOf(messages);
  const last = turn.at(-1);
  const question = turn.findLast(({ role }) => role === 'user');
  if (!question) throw ValidationError.field('messages', 'must have a user message');
  const options: CallOptions = {
    instructions: context?.length
      ? context.map(({ description, value }) => `${description}: ${value}`).join('\n')
      : undefined,
    tools: tools?.length
      ? tools.map(({ name, description, parameters }) => ({
          name,
          ...(description ? { description } : {}),
          input_schema: parameters ?? { type: 'object', properties: {} },
        }))
      : undefined,
  };
  const asked: AskedRun = { input_text: question.content.slice(0, RECORDED_CHARACTERS), options };
  if (typeof state === 'object' && state !== null && !Array.isArray(state))
    asked.session_state = state as Record<string, unknown>;
  if (!SESSION.test(threadId)) return { ...asked, turn };
  if (last?.role !== 'user') throw ValidationError.field('messages', 'must end with a user message');
  return { ...asked, session_id: threadId, ...(last.parts ? { turn: [last] } : {}) };
}

function conversationOf(messages: readonly Message[]): ConversationMessage[] {
  const conversation: ConversationMessage[] = [];
  for (const message of messages) {
    switch (message.role) {
      case 'system':
      case 'developer':
        conversation.push({ role: 'system', content: message.content });
        break;
      case 'user':
        conversation.push({ role: 'user', content: textOf(message.content), ...partsOf(message.content) });
        break;
      case 'tool':
        conversation.push({ role: 'tool', content: textOf(message.content), call_id: message.toolCallId });
        break;
      case 'assistant': {
        const calls = message.toolCalls?.map((call) => ({
          call_id: call.id,
          tool: call.function.name,
          arguments: call.function.arguments || '{}',
        }));
        addAnswer(conversation, message.content ?? '', calls ?? []);
        break;
      }
      case 'activity':
      case 'reasoning':
        break;
    }
  }
  return conversation;
}

/** Calls that were made together may come as messages of their own; providers want them in one. */
function addAnswer(conversation: ConversationMessage[], content: string, calls: CallerCall[]): void {
  const before = conversation.at(-1);
  if (content === '' && calls.length === 0) return;
  if (content === '' && before?.role === 'assistant') before.calls = [...(before.calls ?? []), ...calls];
  else conversation.push({ role: 'assistant', content, ...(calls.length > 0 ? { calls } : {}) });
}

type Content = z.output<typeof content>;

function textOf(given: Content): string {
  if (typeof given === 'string') return given;
  return given.flatMap((one) => (one.type === 'text' ? [one.text] : [])).join('\n');
}

function partsOf(given: Content): { parts?: MessagePart[] } {
  if (typeof given === 'string' || given.every(({ type }) => type === 'text')) return {};
  return {
    parts: given.map((one) => {
      if (one.type === 'text') return one;
      const { value, ...from } = one.source;
      const url = from.type === 'data' ? `data:${from.mimeType};base64,${value}` : value;
      const parsed = imageUrl.safeParse(url);
      if (!parsed.success)
        throw ValidationError.field('messages', `has an image that ${parsed.error.issues[0]?.message ?? ''}`);
      return { type: 'image', url };
    }),
  };
}

/** What the REST stream of a run says at its start. */
interface Started {
  invocation_id: string;
  session_id: string;
  model: string;
}

/**
 * A run in the protocol's order: RUN_STARTED first, every message, tool call and step ended before RUN_FINISHED, and one of RUN_FINISHED
 * and RUN_ERROR last, whatever happens. A run that waits for approval finishes with the outcome `interrupt`.
 */
export async function* protocolEvents(
  { threadId, runId, state }: Pick<RunInput, 'threadId' | 'runId' | 'state'>,
  events: AsyncIterable<RunStreamEvent>,
): AsyncGenerator<StreamEvent> {
  const event = (type: string, fields: object): StreamEvent => ({ data: { type, ...fields } });
  const messages = new Messages(runId);
  const steps = new Map<string, string>();
  let isOver = false;
  yield event('RUN_STARTED', { threadId, runId, protocolVersion: PROTOCOL_VERSION });
  yield event('STATE_SNAPSHOT', { snapshot: state ?? {} });
  for await (const { event: name, data } of events) {
    if (name === 'start') {
      const { invocation_id, session_id, model } = data as Started;
      yield event('CUSTOM', { name: 'nexus.run', value: { invocation_id, session_id, model } });
    } else if (name === 'delta') {
      const { text: delta } = data as { text: string };
      if (delta === '') continue;
      const messageId = messages.speaking();
      if (messages.isNew) yield event('TEXT_MESSAGE_START', { messageId, role: 'assistant' });
      yield event('TEXT_MESSAGE_CONTENT', { messageId, delta });
    } else if (name === 'tool_call' || name === 'caller_call') {
      const { call_id: toolCallId, tool, agent, ...call } = data as { call_id: string; tool: string; agent?: string };
      const delta =
        'arguments' in call ? String(call.arguments) : JSON.stringify((call as { input?: unknown }).input ?? {});
      if (messages.isOpen) yield event('TEXT_MESSAGE_END', { messageId: messages.acting() });
      if (name === 'tool_call') {
        const named = agent === undefined ? tool : `${agent}: ${tool}`;
        const stepName = steps.size === 0 ? named : `${named}#${toolCallId}`;
        steps.set(toolCallId, stepName);
        yield event('STEP_STARTED', { stepName });
      }
      yield event('TOOL_CALL_START', { toolCallId, toolCallName: tool, parentMessageId: messages.acting() });
      yield event('TOOL_CALL_ARGS', { toolCallId, delta });
      yield event('TOOL_CALL_END', { toolCallId });
    } else if (name === 'tool_result') {
      const { call_id: toolCallId, output, error } = data as { call_id: string; output?: unknown; error?: string };
      const said = error ?? (typeof output === 'string' ? output : JSON.stringify(output ?? null));
      yield event('TOOL_CALL_RESULT', { messageId: `${toolCallId}-result`, toolCallId, content: said, role: 'tool' });
      const stepName = steps.get(toolCallId);
      steps.delete(toolCallId);
      if (stepName !== undefined) yield event('STEP_FINISHED', { stepName });
    } else if (isPause({ event: name, data })) {
      const { invocation_id, approvals } = data as { invocation_id: string; approvals: Approval[] };
      if (messages.isOpen) yield event('TEXT_MESSAGE_END', { messageId: messages.acting() });
      const interrupts = approvals.map(interruptOf(invocation_id));
      yield event('RUN_FINISHED', { threadId, runId, outcome: { type: 'interrupt', interrupts } });
      return;
    } else if (name === 'done' || name === 'error') {
      isOver = true;
      if (messages.isOpen) yield event('TEXT_MESSAGE_END', { messageId: messages.acting() });
      for (const stepName of steps.values()) yield event('STEP_FINISHED', { stepName });
      if (name === 'done') yield event('RUN_FINISHED', { threadId, runId, result: data });
      else yield runError(data as { code: string; message: string });
    }
  }
  if (!isOver) yield runError({ code: 'AGENT_INVOCATION_FAILED', message: 'The run was interrupted' });
}

export const runError = ({ code, message }: { code: string; message: string }): StreamEvent => ({
  data: { type: 'RUN_ERROR', message, code },
});

/** The messages of an answer: text after a tool call is a message of its own, calls belong to the message before them. */
class Messages {
  private count = 1;
  private hasActed = false;
  isOpen = false;
  isNew = false;

  constructor(private readonly runId: string) {}

  /** The message that the next piece of text belongs to. */
  speaking(): string {
    if (this.hasActed) this.count += 1;
    this.isNew = !this.isOpen;
    this.isOpen = true;
    this.hasActed = false;
    return this.id();
  }

  /** The message that a call belongs to; its text has ended. */
  acting(): string {
    this.isOpen = false;
    this.hasActed = true;
    return this.id();
  }

  private id(): string {
    return `${this.runId}-${this.count}`;
  }
}
