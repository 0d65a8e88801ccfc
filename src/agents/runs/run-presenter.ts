import { Injectable } from '@nestjs/common';
import { ErrorFilter } from '../../platform/http/error.filter.js';
import type { StreamEvent } from '../../platform/http/event-stream.js';
import { toErrorAnswer } from '../../platform/http/to-error-answer.js';
import { AgentRunError, type AgentRunFailure } from '../../runtimes/agent-run-error.js';
import type { RunEvent } from '../agent-run.service.js';
import type { Invocation } from '../invocation.js';
import { invokeResult } from '../invocation-view.js';
import { streamed } from '../run-stream.js';
import type { RunStreamEvent } from './run-feed.js';

/** Runs as the events that callers see. */
@Injectable()
export class RunPresenter {
  constructor(private readonly errors: ErrorFilter) {}

  /** @param answer the data of the `done` event */
  events<T>(run: AsyncGenerator<RunEvent, T>, answer: (result: T) => unknown): AsyncGenerator<RunStreamEvent> {
    return streamed(run, answer, this.errors);
  }

  /** The last event of a run that failed. */
  failure(error: unknown): StreamEvent {
    return { event: 'error', data: this.errors.body(toErrorAnswer(error)).error };
  }

  /** The last event of a run that has ended, from its record. */
  outcome(invocation: Invocation): StreamEvent {
    if (invocation.status === 'success') return { event: 'done', data: invokeResult(invocation, false) };
    return this.failure(recordedError(invocation));
  }
}

function recordedError({ invocation_id, error }: Invocation): AgentRunError {
  const failure = new AgentRunError(
    (error?.reason ?? 'runtime') as AgentRunFailure,
    error?.message ?? 'The run failed',
  );
  failure.details['invocation_id'] = invocation_id;
  return failure;
}
