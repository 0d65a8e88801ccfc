import { type Artifact, type Message, type Part, Role, type StreamResponse, type Task, TaskState } from '@a2a-js/sdk';
import { ContentTypeNotSupportedError, RequestMalformedError } from '@a2a-js/sdk/errors';
import type { Invocation } from '../../invocations/invocation.js';
import type { RunStreamEvent } from '../../invocations/run-feed.js';

/** The one artifact of a task: the answer of the agent. */
const ANSWER = 'answer';
const LONGEST_TEXT = 100_000;

type Status = Pick<Invocation, 'status' | 'error'>;

export function stateOf({ status, error }: Status): TaskState {
  if (status === 'running') return TaskState.TASK_STATE_WORKING;
  if (status === 'success') return TaskState.TASK_STATE_COMPLETED;
  return error?.reason === 'cancelled' ? TaskState.TASK_STATE_CANCELED : TaskState.TASK_STATE_FAILED;
}

/** An invocation as a task; its session is the context. */
export function taskOf(invocation: Invocation, historyLength?: number): Task {
  const { invocation_id, session_id, agent_id, input_text, output_text, created_at, completed_at } = invocation;
  const ids = { taskId: invocation_id, contextId: session_id };
  const asked = messageOf(Role.ROLE_USER, `${invocation_id}-input`, input_text, ids);
  return {
    id: invocation_id,
    contextId: session_id,
    status: {
      state: stateOf(invocation),
      message: invocation.error
        ? messageOf(Role.ROLE_AGENT, `${invocation_id}-error`, invocation.error.message, ids)
        : undefined,
      timestamp: completed_at ?? created_at,
    },
    artifacts: invocation.status === 'success' ? [artifactOf(output_text ?? '')] : [],
    history: historyLength === 0 ? [] : [asked],
    metadata: { agent_id, model: invocation.model, usage: invocation.usage },
  };
}

/** The events of a run as updates of its task. The first event is the task itself. */
export async function* updatesOf(
  invocation: Invocation,
  events: AsyncIterable<RunStreamEvent>,
  outcome: () => Promise<Invocation>,
): AsyncGenerator<StreamResponse, void, undefined> {
  const ids = { taskId: invocation.invocation_id, contextId: invocation.session_id };
  yield { payload: { $case: 'task', value: taskOf(invocation) } };
  /** One piece is held back, so that the last one can be marked. */
  let held: string | undefined;
  let isFirst = true;
  const chunk = (text: string, lastChunk: boolean): StreamResponse => {
    const append = !isFirst;
    isFirst = false;
    const value = { ...ids, artifact: artifactOf(text), append, lastChunk, metadata: undefined };
    return { payload: { $case: 'artifactUpdate', value } };
  };
  for await (const { id, event, data } of events) {
    if (event === 'delta') {
      if (held !== undefined) yield chunk(held, false);
      held = (data as { text: string }).text;
    } else if (event === 'tool_call' || event === 'tool_result') {
      const note = {
        ...messageOf(Role.ROLE_AGENT, `${ids.taskId}-${id}`, '', ids),
        parts: [partOf({ $case: 'data', value: { type: event, ...(data as object) } })],
      };
      yield status(ids, TaskState.TASK_STATE_WORKING, note, new Date().toISOString());
    } else if (event === 'done' || event === 'error') {
      const ended = await outcome();
      const rest = held ?? (isFirst && ended.status === 'success' ? (ended.output_text ?? '') : undefined);
      if (rest !== undefined) yield chunk(rest, true);
      const task = taskOf(ended);
      yield status(ids, stateOf(ended), task.status?.message, task.status?.timestamp);
    }
  }
}

function status(
  ids: { taskId: string; contextId: string },
  state: TaskState,
  message: Message | undefined,
  timestamp: string | undefined,
): StreamResponse {
  const value = { ...ids, status: { state, message, timestamp }, metadata: undefined };
  return { payload: { $case: 'statusUpdate', value } };
}

/**
 * What a message says to an agent. Text parts are joined by lines, data parts are written as JSON.
 * @throws RequestMalformedError, ContentTypeNotSupportedError for files
 */
export function textOf(message: Message | undefined): string {
  if (!message) throw new RequestMalformedError('message is required');
  if (message.messageId === '') throw new RequestMalformedError('message.messageId is required');
  const texts = message.parts.map(({ content }) => {
    if (content?.$case === 'text') return content.value;
    if (content?.$case === 'data') return JSON.stringify(content.value);
    throw new ContentTypeNotSupportedError('Agents take text and data, not files');
  });
  const text = texts.join('\n');
  if (text.trim() === '') throw new RequestMalformedError('message.parts must hold text');
  if (text.length > LONGEST_TEXT)
    throw new RequestMalformedError(`message.parts must be at most ${LONGEST_TEXT} characters, not ${text.length}`);
  return text;
}

const partOf = (content: NonNullable<Part['content']>): Part => ({
  content,
  metadata: undefined,
  filename: '',
  mediaType: content.$case === 'text' ? 'text/plain' : 'application/json',
});

const artifactOf = (text: string): Artifact => ({
  artifactId: ANSWER,
  name: ANSWER,
  description: '',
  parts: [partOf({ $case: 'text', value: text })],
  metadata: undefined,
  extensions: [],
});

function messageOf(role: Role, messageId: string, text: string, ids: { taskId: string; contextId: string }): Message {
  return {
    ...ids,
    messageId,
    role,
    parts: [partOf({ $case: 'text', value: text })],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}
