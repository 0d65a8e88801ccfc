import type { ErrorFilter } from '../platform/http/error.filter.js';
import { toErrorAnswer } from '../platform/http/to-error-answer.js';
import type { RunEvent } from './agent-run.service.js';
import type { RunStreamEvent } from './runs/run-feed.js';

/** Runs to the end without a listener. */
export async function drained<T>(run: AsyncGenerator<RunEvent, T>): Promise<T> {
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
  }
}

/** Waits for the first event: what is refused before it is thrown here, while the answer can still have a status. */
export async function begun<T>(run: AsyncGenerator<RunEvent, T>): Promise<AsyncGenerator<RunEvent, T>> {
  return continued(await run.next(), run);
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

/**
 * A run as Server-Sent Events: `start`, `delta`, `tool_call`, `tool_result`, then `done` with the same object as the answer
 * without streaming, or `error` with the error object of the envelope.
 */
export async function* streamed<T>(
  run: AsyncGenerator<RunEvent, T>,
  answer: (result: T) => unknown,
  errors: ErrorFilter,
): AsyncGenerator<RunStreamEvent> {
  let id = 0;
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
      else yield event(type, type === 'start' ? { ...ids, ...data } : data);
    }
  } catch (error) {
    yield event('error', errors.body(toErrorAnswer(error)).error);
  } finally {
    await run.return(undefined as T);
  }
}
