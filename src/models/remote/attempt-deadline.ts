import type { ModelError } from '../model-error.js';
import type { StreamPart } from '../streamed-model.js';
import { type Called, failure } from './provider-failure.js';

/** The time of one attempt: its signal ends the request when the caller gives up or nothing came for too long. */
export class AttemptDeadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private late: ModelError | undefined;

  constructor(
    private readonly timeoutMs: number,
    private readonly called: Called,
    private readonly caller: AbortSignal | undefined,
  ) {
    if (caller?.aborted) this.cancel();
    else caller?.addEventListener('abort', this.cancel, { once: true });
    this.timer = setTimeout(this.end, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Restarts the time after each part of the answer. */
  extend(): void {
    this.timer.refresh();
  }

  /** The caller gave up; that is no failure of the provider. */
  get isCancelled(): boolean {
    return this.caller?.aborted === true;
  }

  /** What an error of the attempt really was: the caller's wish, the time-out, or itself. */
  causeOf(error: unknown): unknown {
    return this.isCancelled ? this.caller?.reason : (this.late ?? error);
  }

  /** Frees the timer. Safe to repeat. */
  close(): void {
    clearTimeout(this.timer);
    this.caller?.removeEventListener('abort', this.cancel);
  }

  private readonly end = (): void => {
    this.late = failure('timeout', this.called, { details: { timeout_seconds: this.timeoutMs / 1000 } });
    this.controller.abort(this.late);
  };

  readonly cancel = (): void => {
    this.controller.abort(this.caller?.reason);
  };
}

/**
 * The parts of an answer as they come. A stream that pauses for too long is ended; a reader that leaves ends the request.
 * Whatever breaks the stream becomes what `translate` makes of it.
 */
export async function* watchedStream(
  source: AsyncIterable<StreamPart>,
  deadline: AttemptDeadline,
  translate: (error: unknown) => unknown,
): AsyncGenerator<StreamPart> {
  let isOver = false;
  try {
    deadline.extend();
    for await (const part of source) {
      if (part.type === 'error') throw part.error as Error;
      yield part;
      deadline.extend();
    }
    isOver = true;
  } catch (error) {
    isOver = true;
    throw translate(error);
  } finally {
    deadline.close();
    if (!isOver) deadline.cancel();
  }
}
