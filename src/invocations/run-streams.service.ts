import { Injectable } from '@nestjs/common';
import { ErrorFilter } from '../platform/http/error.filter.js';
import { toErrorAnswer } from '../platform/http/to-error-answer.js';
import { AgentRunError, type AgentRunFailure } from '../runtimes/agent-runtime.js';
import { Ids } from '../shared/ids.js';
import type { RunEvent } from './agent-run.service.js';
import { awaited, type Invocation } from './invocation.js';
import { approvalView, invokeResult } from './invocation-view.js';
import { RunWaitingError } from './invocations.errors.js';
import { type LiveRun, LiveRuns } from './live-runs.service.js';
import { isPause, type RunStreamEvent } from './run-feed.js';

/** Runs to the end, without sending events to the caller. */
export async function drained<T>(run: AsyncGenerator<RunEvent, T>): Promise<T> {
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
  }
}

/** Waits for the first event, so that a refusal is thrown here, while the response can still have a status. */
export async function begun<T>(run: AsyncGenerator<RunEvent, T>): Promise<AsyncGenerator<RunEvent, T>> {
  return continued(await run.next(), run);
}

/**
 * Holds the first events back until the agent says or does something, so that a failure before that is thrown where the first
 * event is awaited.
 */
export async function* speaking<T>(run: AsyncGenerator<RunEvent, T>): AsyncGenerator<RunEvent, T> {
  const first: RunEvent[] = [];
  try {
    for (;;) {
      const next = await run.next();
      if (!next.done) first.push(next.value);
      if (!next.done && (next.value.type === 'accepted' || next.value.type === 'start')) continue;
      yield* first;
      return next.done ? next.value : yield* run;
    }
  } finally {
    await run.return(undefined as T);
  }
}

async function* continued<T>(
  first: IteratorResult<RunEvent, T>,
  run: AsyncGenerator<RunEvent, T>,
): AsyncGenerator<RunEvent, T> {
  try {
    if (first.done) return first.value;
    yield first.value;
    return yield* run;
  } finally {
    await run.return(undefined as T);
  }
}

/** Runs as the events that callers see. */
@Injectable()
export class RunStreams {
  constructor(
    private readonly live: LiveRuns,
    private readonly errors: ErrorFilter,
    private readonly ids: Ids,
  ) {}

  /**
   * Starts a run and yields its events, which are stored, so that a dropped stream can be resumed. A caller that stops
   * listening ends the run: it is recorded as cancelled, and its stored events end with that error. A refusal before the run
   * begins is thrown here.
   * @param answer the data of the `done` event
   */
  async open<T>(
    org_id: string,
    start: (live: LiveRun) => AsyncGenerator<RunEvent, T>,
    answer: (result: T) => unknown,
  ): Promise<AsyncGenerator<RunStreamEvent>> {
    const live = this.live.open(org_id, this.ids.next('inv'));
    try {
      return this.kept(live, this.events(await begun(start(live)), answer));
    } catch (error) {
      this.live.discard(live);
      throw error;
    }
  }

  /**
   * A run as Server-Sent Events: `start`, `delta`, `tool_call`, `tool_result`, then `done` with the same object as the answer
   * without streaming, or `error` with the error object of the envelope. `approval_required` pauses them: the run waits.
   * @param answer the data of the `done` event
   * @param after how many events came before: those of a run that continues after a wait
   */
  async *events<T>(
    run: AsyncGenerator<RunEvent, T>,
    answer: (result: T) => unknown,
    after = 0,
  ): AsyncGenerator<RunStreamEvent> {
    let id = after;
    const event = (name: string, data: unknown): RunStreamEvent => ({ id: String(++id), event: name, data });
    let ids = {};
    try {
      for (;;) {
        const next = await run.next();
        if (next.done) {
          yield event('done', answer(next.value));
          return;
        }
        const { type, ...data } = next.value;
        if (type === 'accepted') ids = data;
        else if (type !== 'start' || after === 0) yield event(type, type === 'start' ? { ...ids, ...data } : data);
      }
    } catch (error) {
      if (error instanceof RunWaitingError) yield event('approval_required', required(error.invocation));
      else yield event('error', this.failure(error).data);
    } finally {
      await run.return(undefined as T);
    }
  }

  /** The last event of a run that has ended, from its record. */
  outcome(invocation: Invocation): Omit<RunStreamEvent, 'id'> {
    if (invocation.status === 'success') return { event: 'done', data: invokeResult(invocation, false) };
    return this.failure(recordedError(invocation));
  }

  private failure(error: unknown): Omit<RunStreamEvent, 'id'> {
    return { event: 'error', data: this.errors.body(toErrorAnswer(error)).error };
  }

  private async *kept(live: LiveRun, events: AsyncGenerator<RunStreamEvent>): AsyncGenerator<RunStreamEvent> {
    const { feed } = live;
    let isWaiting = false;
    try {
      for await (const event of events) {
        isWaiting = isPause(event);
        await feed.append(event);
        yield event;
      }
    } finally {
      if (!feed.isComplete && !isWaiting) await feed.append({ id: String(feed.count + 1), ...this.abandoned(live) });
      await this.live.close(live);
    }
  }

  private abandoned({ invocation_id }: LiveRun): Omit<RunStreamEvent, 'id'> {
    const error = new AgentRunError('cancelled', 'The caller disconnected before the agent answered');
    error.details['invocation_id'] = invocation_id;
    return this.failure(error);
  }
}

function required(invocation: Invocation) {
  const { invocation_id, session_id, usage } = invocation;
  return { invocation_id, session_id, usage, approvals: awaited(invocation).map(approvalView) };
}

function recordedError({ invocation_id, error }: Invocation): AgentRunError {
  const failure = new AgentRunError(
    (error?.reason ?? 'runtime') as AgentRunFailure,
    error?.message ?? 'The run failed',
  );
  failure.details['invocation_id'] = invocation_id;
  return failure;
}
