import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { callerSignal, sendEventStream, type StreamEvent, wantsEventStream } from '../platform/http/event-stream.js';
import type { RunEvent } from './agent-run.service.js';
import { type BackgroundRun, BackgroundRuns } from './background-runs.service.js';
import type { RunStateDto } from './dto/invocation.dto.js';
import { runState } from './invocation-view.js';
import { RunWaitingError } from './invocations.errors.js';
import type { LiveRun } from './live-runs.service.js';
import { RunEvents } from './run-events.service.js';
import { isPause, type RunStreamEvent } from './run-feed.js';
import { drained, RunStreams } from './run-streams.service.js';
import { Webhooks } from './webhooks.service.js';

/** How a run that answers its caller is run. */
export interface Attachment {
  /** Aborted when the caller closes the connection. */
  signal: AbortSignal;
  /** The events of the run are not read. */
  quiet?: true;
  /** The events of the run are stored. */
  live?: LiveRun;
}

/** Answers the request that starts a run: with JSON or an event stream, or with 202 for a background run. */
@Injectable()
export class RunAnswers {
  constructor(
    private readonly streams: RunStreams,
    private readonly runs: BackgroundRuns,
    private readonly events: RunEvents,
    private readonly webhooks: Webhooks,
  ) {}

  /**
   * Runs while the caller waits. Closing the connection stops the run. A run that waits for approval continues in the
   * background: it is answered with 202, and a stream follows it to its end.
   * @param answer the body, and the data of the `done` event
   * @returns the body, or undefined when the events were streamed.
   */
  async attached<T, A>(
    { request, response }: { request: Request; response: Response },
    org_id: string,
    run: (attachment: Attachment) => AsyncGenerator<RunEvent, T>,
    answer: (result: T) => A,
  ): Promise<A | RunStateDto | undefined> {
    const signal = callerSignal(response);
    if (wantsEventStream(request)) {
      const events = await this.streams.open(org_id, (live) => run({ signal, live }), answer);
      await sendEventStream(response, this.continued(org_id, events));
      return undefined;
    }
    try {
      return answer(await drained(run({ signal, quiet: true })));
    } catch (error) {
      if (!(error instanceof RunWaitingError)) throw error;
      response.status(202).location(`/api/v1/invocations/${error.invocation.invocation_id}`);
      return runState(error.invocation);
    }
  }

  /** The events of a run, also those that follow a wait. */
  private async *continued(org_id: string, events: AsyncIterable<RunStreamEvent>): AsyncGenerator<StreamEvent> {
    let pause: RunStreamEvent | undefined;
    for await (const event of events) {
      yield event;
      if (isPause(event)) pause = event;
    }
    if (!pause) return;
    const { invocation_id } = pause.data as { invocation_id: string };
    yield* (await this.events.follow(org_id, invocation_id, Number(pause.id))) ?? [];
  }

  /** Starts a background run. Answers 202 at once, or streams its events; closing the stream does not stop the run. */
  async background<T>(
    { request, response }: { request: Request; response: Response },
    run: BackgroundRun<T>,
  ): Promise<RunStateDto | undefined> {
    const over = (): void => this.webhooks.kick();
    const invocation = await this.runs.start(run.beginning.webhook ? { ...run, over } : run);
    const { org_id, invocation_id } = invocation;
    response.status(202).location(`/api/v1/invocations/${invocation_id}`);
    if (!wantsEventStream(request)) return runState(invocation);
    const events = await this.events.follow(org_id, invocation_id, 0);
    if (events) await sendEventStream(response, events);
    return undefined;
  }
}
