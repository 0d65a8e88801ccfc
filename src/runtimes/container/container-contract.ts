import { createParser } from 'eventsource-parser';
import { type AgentRun, AgentRunError } from '../agent-runtime.js';

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
    throw malformed(
      `it answered ${type === '' ? 'without a content type' : `with content type "${type.slice(0, 100)}"`}`,
    );
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
    throw malformed('its answer is not JSON');
  }
}

async function* bounded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > ANSWER_MAX_BYTES) throw malformed(`its answer is longer than ${ANSWER_MAX_BYTES} bytes`);
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
  return new AgentRunError('malformed', `The agent's container does not keep to the contract: ${what}.`);
}
