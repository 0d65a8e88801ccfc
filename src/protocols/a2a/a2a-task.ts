import { type Artifact, type Message, type Part, Role, type StreamResponse, type Task, TaskState } from '@a2a-js/sdk';
import { V03PushNotificationSerializer } from '@a2a-js/sdk/compat/v0_3/server';
import { ContentTypeNotSupportedError, RequestMalformedError } from '@a2a-js/sdk/errors';
import { V1PushNotificationSerializer } from '@a2a-js/sdk/server';
import { awaited, type Invocation, isPending } from '../../invocations/invocation.js';
import { approvalView } from '../../invocations/invocation-view.js';
import { isPause, type RunStreamEvent } from '../../invocations/run-feed.js';
import type { PushMessage } from '../../invocations/task-pushes.service.js';

/** The one artifact of a task: the answer of the agent. */
const ANSWER = 'answer';
const LONGEST_TEXT = 100_000;

type Status = Pick<Invocation, 'status' | 'error'>;

export function stateOf({ status, error }: Status): TaskState {
  if (status === 'running') return TaskState.TASK_STATE_WORKING;
  if (status === 'waiting') return TaskState.TASK_STATE_INPUT_REQUIRED;
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
        : askedOf(invocation, ids),
      timestamp: completed_at ?? created_at,
    },
    artifacts: invocation.status === 'success' ? [artifactOf(output_text ?? '')] : [],
    history: historyLength === 0 ? [] : [asked],
    metadata: { agent_id, model: invocation.model, usage: invocation.usage },
  };
}

const SERIALIZERS = { '1.0': new V1PushNotificationSerializer(), '0.3': new V03PushNotificationSerializer() };

/** A push notification of a run, as a version of the protocol writes it. */
export function pushOf(version: keyof typeof SERIALIZERS, invocation: Invocation): PushMessage {
  const value = taskOf(invocation);
  const { body, contentType } = SERIALIZERS[version].serialize({ payload: { $case: 'task', value } }, value);
  return { body, content_type: contentType };
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
    } else if (isPause({ event, data })) {
      if (held !== undefined) yield chunk(held, true);
      const waiting = await outcome();
      yield status(ids, stateOf(waiting), askedOf(waiting, ids), new Date().toISOString());
      return;
    } else if (event === 'done' || event === 'error') {
      const ended = await outcome();
      const rest = held ?? (isFirst && ended.status === 'success' ? (ended.output_text ?? '') : undefined);
      if (rest !== undefined) yield chunk(rest, true);
      const task = taskOf(ended);
      yield status(ids, stateOf(ended), task.status?.message, task.status?.timestamp);
    }
  }
}

/** What a waiting task asks: its data part has the approvals. */
function askedOf(invocation: Invocation, ids: { taskId: string; contextId: string }): Message | undefined {
  const approvals = awaited(invocation).filter(isPending).map(approvalView);
  const [first] = approvals;
  if (!first) return undefined;
  const tools = approvals.map(({ tool }) => tool).join(', ');
  const asked = messageOf(
    Role.ROLE_AGENT,
    first.approval_id,
    `Approve or reject: the agent wants to call ${tools}. Answer with a data part {"approve": true or false}.`,
    ids,
  );
  const data = partOf({ $case: 'data', value: { type: 'approval_required', approvals } });
  return { ...asked, parts: [...asked.parts, data] };
}

/** What a person says about the calls of a waiting task: of one, or of all. */
export interface TaskDecision {
  approval_id?: string;
  approve: boolean;
  comment?: string;
}

/** The decisions of a message: data parts with `approve`. @throws RequestMalformedError when the message has no decision */
export function decisionsOf({ parts }: Message): TaskDecision[] {
  const decisions = parts.flatMap(({ content }): TaskDecision[] => {
    const value = content?.$case === 'data' ? (content.value as Record<string, unknown> | null) : null;
    if (typeof value?.['approve'] !== 'boolean') return [];
    const { approve, approval_id, comment } = value;
    return [
      {
        approve,
        ...(typeof approval_id === 'string' ? { approval_id } : {}),
        ...(typeof comment === 'string' ? { comment: comment.slice(0, 2_000) } : {}),
      },
    ];
  });
  if (decisions.length > 0) return decisions;
  throw new RequestMalformedError(
    'The task waits for approval: message.parts must have data with "approve": true or false',
  );
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
  if (text.trim() === '') throw new RequestMalformedError('message.parts must contain text');
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
