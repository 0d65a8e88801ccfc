import { connectionError, errorOf } from './errors.js';
import { delay, waitOf } from './retries.js';

/** One event of a stream. `id` is its position. */
interface Event<N extends string, D> {
  id: string;
  event: N;
  data: D;
}

interface Attempted {
  attempt: number;
  timestamp: string;
}

/** What happens in a build. `done` is the last of an attempt. */
export type BuildEvent =
  | Event<'stage', Attempted & { stage_name: string; sub_stage_name: string | null; status: string }>
  | Event<'progress', Attempted & { progress: number; status: string }>
  | Event<'log', Attempted & { stage_name: string | null; level: 'info' | 'warning' | 'error'; message: string }>
  | Event<'done', Attempted & { status: string; error_info: Record<string, unknown> | null }>;

/** What happens in the run of an agent. `done` or `error` is the last. */
export type RunEvent =
  | Event<'start', { invocation_id: string; session_id: string | null }>
  | Event<'delta', { text: string }>
  | Event<'tool_call' | 'tool_result' | 'approval_required' | 'approval_decided', Record<string, unknown>>
  | Event<'done', Record<string, unknown> & { invocation_id: string; output: string }>
  | Event<'error', { code: string; message: string; suggestion: string }>;

/** What happens in the run of a flow. `run.ended` is the last. */
export type FlowRunEvent =
  | Event<'run.ended', { at: string; status: string; error: Record<string, unknown> | null }>
  | Event<
      `run.${'created' | 'started' | 'paused' | 'resumed'}` | `step.${string}`,
      { at: string } & Record<string, unknown>
    >;

/** The state of an import, each time that it changes. */
export type ImportEvent = Event<
  'import',
  {
    integration_id: string;
    status: string;
    version: number;
    operation_count: number;
    import: Record<string, unknown> | null;
  }
>;

export interface FollowOptions {
  /** Events after this one. The first of all unless given. */
  lastEventId?: string;
  signal?: AbortSignal;
}

export interface Stream<E> {
  path: string;
  isLast: (event: E) => boolean;
}

const RECONNECTS_MAX = 10;

/**
 * The events of a stream. When the connection drops, the stream goes on after the last event that was received. It ends with the
 * last event, or when the server has nothing more.
 * @throws NexusError; ConnectionError after ten connections in a row that brought nothing
 */
export async function* follow<E extends Event<string, unknown>>(
  open: (path: string, headers: Record<string, string>, signal?: AbortSignal) => Promise<Response>,
  { path, isLast }: Stream<E>,
  { lastEventId = '', signal }: FollowOptions = {},
): AsyncGenerator<E, void> {
  let last = lastEventId;
  for (let empty = 0; ; empty++) {
    let failure: unknown = new Error('the stream ended early');
    const headers = { accept: 'text/event-stream', ...(last === '' ? {} : { 'last-event-id': last }) };
    const response = await open(path, headers, signal);
    if (response.status === 204) return;
    if (!response.ok) throw errorOf(response.status, await bodyOf(response));
    try {
      for await (const event of eventsOf(response)) {
        empty = 0;
        if (event.id !== '') last = event.id;
        yield event as unknown as E;
        if (isLast(event as unknown as E)) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      failure = error;
    }
    if (empty >= RECONNECTS_MAX) throw connectionError(failure);
    await delay(waitOf(null, Math.min(empty, 4)), signal);
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Server-Sent Events whose data is JSON. */
async function* eventsOf(response: Response): AsyncGenerator<Event<string, unknown>> {
  const reader = response.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = eventOf(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Undefined for a comment, which keeps the connection open. */
function eventOf(block: string): Event<string, unknown> | undefined {
  const fields = { id: '', event: 'message', data: '' };
  let hasData = false;
  for (const line of block.split(/\r?\n/)) {
    const at = line.indexOf(':');
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
    if (name === 'data') {
      fields.data += hasData ? `\n${value}` : value;
      hasData = true;
    } else if (name === 'id' || name === 'event') fields[name] = value;
  }
  return hasData ? { ...fields, data: JSON.parse(fields.data) as unknown } : undefined;
}
