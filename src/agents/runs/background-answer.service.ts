import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { wantsEventStream } from '../../platform/http/caller-signal.js';
import { sendEventStream } from '../../platform/http/event-stream.js';
import type { RunStateDto } from '../dto/invocation.dto.js';
import { runState } from '../invocation-view.js';
import { Webhooks } from '../webhooks/webhooks.service.js';
import { type BackgroundRun, BackgroundRuns } from './background-runs.service.js';
import { RunEvents } from './run-events.service.js';

/** What the caller of a background run is answered: 202 at once, or the run's events, which it may leave without harm. */
@Injectable()
export class BackgroundAnswer {
  constructor(
    private readonly runs: BackgroundRuns,
    private readonly events: RunEvents,
    private readonly webhooks: Webhooks,
  ) {}

  async start<T>(request: Request, response: Response, run: BackgroundRun<T>): Promise<RunStateDto | undefined> {
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
