import { createParser } from 'eventsource-parser';
import { type AgentRun, AgentRunError } from '../agent-runtime.js';
import { z } from 'zod';

/** The AgentCore HTTP contract: what a container of an agent must answer. See docs/runtimes.md. */
export const SESSION_HEADER = 'x-amzn-bedrock-agentcore-runtime-session-id';

/** AgentCore refuses shorter session ids. */
const SESSION_ID_MIN_LENGTH = 33;

/** What an answer may be at most, with its trace and the framing of its events. */
export const ANSWER_MAX_BYTES = 10 * 1024 * 1024;

/** What the record of an invocation holds. */
export const OUTPUT_MAX_CHARACTERS = 100_000;

/** Sessions are kept apart by this id, in the container and, on AgentCore, by a machine of their own. */
export function containerSessionId({ session_id }: Pick<AgentRun, 'session_id'>): string {
  return `nexus-session-${session_id}`.padEnd(SESSION_ID_MIN_LENGTH, '0').slice(0, 256);
}

/**
 * The body of a call. Any agent container reads `prompt`; the agent server also takes the conversation, which the platform
 * keeps, so that it does not depend on the memory of one container.
 */
export function payloadOf(run: AgentRun, withDefinition: boolean): string {
  const { input, history, turn = [], options, knowledge, session_state, definition } = run;
  const notes = options?.instructions === undefined ? [] : [{ role: 'system' as const, content: options.instructions }];
  const spoken = [...notes, ...history, ...turn.slice(0, -1)].flatMap(({ role, content }) =>
    role === 'tool' ? [] : [{ role, content }],
  );
  return JSON.stringify({
    prompt: turn.at(-1)?.content ?? input,
    history: spoken,
    ...(knowledge ? { knowledge } : {}),
    ...(session_state ? { session_state } : {}),
    ...(withDefinition ? { definition } : {}),
  });
}

/** What a container answered: its content type decides whether it is one JSON value or a stream of events. */
export interface ContainerAnswer {
  content_type: string;
  body: AsyncIterable<Uint8Array>;
}

export interface ContainerMessage {
  value: unknown;
  /** Whether it is the whole answer and not an event among others. */
  isWhole: boolean;
}

/** The JSON values of an answer in order. @throws AgentRunError `malformed` for what is neither JSON nor events, or too long. */
export async function* messagesOf({ content_type, body }: ContainerAnswer): AsyncGenerator<ContainerMessage> {
  const type = content_type.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/event-stream') yield* eventsOf(body);
  else if (type === 'application/json' || type.endsWith('+json')) yield await wholeOf(body);
  else
    throw malformed(`its response has ${type === '' ? 'no content type' : `the content type "${type.slice(0, 100)}"`}`);
}

async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<ContainerMessage> {
  const waiting: unknown[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => waiting.push(eventValue(event, data)) });
  const decoder = new TextDecoder();
  for await (const chunk of bounded(body)) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    for (const value of waiting.splice(0)) yield { value, isWhole: false };
  }
}

async function wholeOf(body: AsyncIterable<Uint8Array>): Promise<ContainerMessage> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bounded(body)) chunks.push(chunk);
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown, isWhole: true };
  } catch {
    throw malformed('its response is not JSON');
  }
}

async function* bounded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > ANSWER_MAX_BYTES) throw malformed(`its response is longer than ${ANSWER_MAX_BYTES} bytes`);
    yield chunk;
  }
}

/** The contract leaves the data of an event open: agents may send plain text, or name what it is outside of it. */
function eventValue(event: string | undefined, data: string): unknown {
  const value = jsonOr(data);
  const isNamed = event !== undefined && typeof value === 'object' && value !== null && !('type' in value);
  return isNamed ? { type: event, ...value } : value;
}

function jsonOr(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return data;
  }
}

export function malformed(what: string): AgentRunError {
  return new AgentRunError('malformed', `The agent's container violates the contract: ${what}.`);
}

const usageSchema = z.object({ input_tokens: z.int().min(0), output_tokens: z.int().min(0) });

/** The member of the team that acted. */
const agentName = z.string().max(100).exactOptional();

const stepSchema = z.object({
  step: z.int().min(1),
  type: z.enum(['model', 'tool']),
  name: z.string().max(500),
  agent: agentName,
  input: z.unknown(),
  output: z.unknown().exactOptional(),
  error: z.string().exactOptional(),
  started_at: z.string().max(50),
  duration_ms: z.number().min(0),
});

const trace = {
  usage: usageSchema.exactOptional(),
  cost_usd: z.number().min(0).nullable().exactOptional(),
  steps: z.array(stepSchema).max(1000).exactOptional(),
};

/** The events of the agent server, and what other containers say made into them. */
const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), model: z.string().max(500) }),
  z.object({ type: z.literal('delta'), text: z.string() }),
  z.object({
    type: z.literal('tool_call'),
    call_id: z.string(),
    tool: z.string(),
    input: z.unknown(),
    agent: agentName,
  }),
  z.object({
    type: z.literal('tool_result'),
    call_id: z.string(),
    tool: z.string(),
    output: z.unknown().exactOptional(),
    error: z.string().exactOptional(),
    agent: agentName,
    duration_ms: z.number().min(0),
  }),
  z.object({ type: z.literal('done'), output: z.string(), model: z.string().max(500).exactOptional(), ...trace }),
  z.object({
    type: z.literal('error'),
    reason: z.enum(['model', 'timeout', 'cancelled', 'limit', 'unreachable', 'malformed', 'runtime']).catch('runtime'),
    message: z.string(),
    ...trace,
  }),
]);

export type ContainerEvent = z.infer<typeof eventSchema>;
const TYPES: ReadonlySet<unknown> = new Set(['start', 'delta', 'tool_call', 'tool_result', 'done', 'error']);

/** What a message means; undefined for what an agent may say beside its answer. @throws AgentRunError `malformed` */
export function eventOf({ value, isWhole }: ContainerMessage): ContainerEvent | undefined {
  const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  if (record && TYPES.has(record['type'])) return known(record);
  if (record?.['error'] !== undefined && record['error'] !== null) return failure(record['error']);
  if (record && isWhole && typeof record['output'] === 'string') return known({ ...record, type: 'done' });
  const text = textOf(value, isWhole);
  if (text !== undefined) return isWhole ? { type: 'done', output: text } : { type: 'delta', text };
  if (isWhole) throw malformed('its response contains no text');
  return undefined;
}

function known(record: Record<string, unknown>): ContainerEvent {
  const parsed = eventSchema.safeParse(record);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw malformed(`${issue?.path.join('.') ?? 'an event'}: ${issue?.message ?? 'is not valid'}`);
}

/** An error as the agent server writes it, as AgentCore's SDK does (a text), or as anyone else does. */
export function failure(error: unknown): ContainerEvent & { type: 'error' } {
  if (typeof error === 'object' && error !== null) {
    const parsed = eventSchema.safeParse({ ...error, type: 'error' });
    if (parsed.success && parsed.data.type === 'error') return parsed.data;
  }
  const message = typeof error === 'string' ? error : JSON.stringify(error);
  return { type: 'error', reason: 'runtime', message: `The agent's container failed: ${message.slice(0, 500)}` };
}

/** The names under which agents put their text, in the order in which they count: AWS's examples, Strands, LangGraph, CrewAI. */
const WHOLE = ['response', 'result', 'output', 'completion', 'answer', 'text', 'content', 'message', 'data'];
/** Streams end with the whole message once more under other names, which would say everything twice. */
const PART = ['delta', 'text', 'data', 'content', 'event'];
const DEEPEST = 4;

/** The text in an answer, or in one event, of an agent that we did not write; undefined without text. */
function textOf(value: unknown, isWhole: boolean, depth = 0): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth === DEEPEST) return undefined;
  if (Array.isArray(value)) return joined(value, isWhole, depth);
  const record = value as Record<string, unknown>;
  for (const field of isWhole ? WHOLE : PART) {
    const text = textOf(record[field], isWhole, depth + 1);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The content blocks of a message. */
function joined(blocks: unknown[], isWhole: boolean, depth: number): string | undefined {
  const texts = blocks.map((block) => textOf(block, isWhole, depth + 1)).filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.join('');
}
