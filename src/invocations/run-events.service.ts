import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { type Invocation, isOver, settledOf } from './invocation.js';
import { InvocationsService } from './invocations.service.js';
import { LiveRuns } from './live-runs.service.js';
import { RunEventsRepository } from './run-events.repository.js';
import { isLast, isPause, presentEvents, type RunStreamEvent } from './run-feed.js';
import { RunStreams } from './run-streams.service.js';

/** How often a follower reads the stored events of a run of another process. */
const POLL_MS = 200;
/** The same while the run waits for approval. */
const WAITING_POLL_MS = 1_000;
/** How long a follower waits for the next event of a run of this process before it checks that the run still exists. */
const WAIT_MS = 1_000;
/** Polls without an event after which a follower reads the record, which finds runs whose process died. */
const POLLS_PER_LOOK = 5;
/** The last events of a run are stored right after its record has ended. */
const LAST_EVENTS_WITHIN_MS = 3_000;

/** Follows the events of a run, from any process and any position, without loss or repetition. */
@Injectable()
export class RunEvents implements BeforeApplicationShutdown {
  private isClosing = false;

  constructor(
    private readonly invocations: InvocationsService,
    private readonly live: LiveRuns,
    private readonly repository: RunEventsRepository,
    private readonly streams: RunStreams,
    private readonly clock: Clock,
  ) {}

  beforeApplicationShutdown(): void {
    this.isClosing = true;
  }

  /**
   * The events after a position, stored ones first. The last event is `done` or `error`. Following does not affect the run.
   * Events are kept for 24 hours. Later, and for a run that was neither streamed nor in the background, only the last event
   * is sent, from the record.
   * @returns undefined when the position is at or after the last event.
   * @throws InvocationNotFoundError
   */
  async follow(
    org_id: string,
    invocation_id: string,
    position: number,
  ): Promise<AsyncGenerator<RunStreamEvent> | undefined> {
    if (!this.live.find(org_id, invocation_id)) {
      const { status } = await this.invocations.getStarted(org_id, invocation_id);
      const last = isOver({ status }) ? await this.repository.last(invocation_id) : undefined;
      if (last && isLast(last) && Number(last.id) <= position) return undefined;
    }
    return this.events(org_id, invocation_id, position);
  }

  /** The events since the run was continued last, or since it began: see {@link presentEvents}. */
  async followPresent(run: Invocation): Promise<AsyncGenerator<RunStreamEvent>> {
    return presentEvents((await this.follow(run.org_id, run.invocation_id, 0)) ?? nothing(), settledOf(run));
  }

  private async *events(org_id: string, invocation_id: string, after: number): AsyncGenerator<RunStreamEvent> {
    let position = after;
    let pause_ms = POLL_MS;
    for (let poll = 0; !this.isClosing; poll++) {
      const run = this.live.find(org_id, invocation_id);
      const events = run?.feed.after(position) ?? (await this.repository.listAfter(invocation_id, position));
      for (const event of events) {
        yield event;
        position = Number(event.id);
        if (isLast(event)) return;
        pause_ms = isPause(event) ? WAITING_POLL_MS : POLL_MS;
      }
      if (events.length > 0) continue;
      if (run) {
        await run.feed.next(WAIT_MS);
        continue;
      }
      const outcome = poll % POLLS_PER_LOOK === 0 ? await this.outcome(org_id, invocation_id, position) : undefined;
      if (outcome === 'sent') return;
      if (outcome) {
        yield outcome;
        return;
      }
      await delay(pause_ms);
    }
  }

  /** The last event of a run that ended without storing it; `sent` when it was stored and sent before. */
  private async outcome(
    org_id: string,
    invocation_id: string,
    position: number,
  ): Promise<RunStreamEvent | 'sent' | undefined> {
    const invocation = await this.invocations.get(org_id, invocation_id);
    if (!isOver(invocation)) return undefined;
    const last = await this.repository.last(invocation_id);
    if (last && Number(last.id) > position) return undefined;
    if (last && isLast(last)) return 'sent';
    if (this.mayStillStore(invocation)) return undefined;
    return { id: String(position + 1), ...this.streams.outcome(invocation) };
  }

  private mayStillStore({ has_events, error, completed_at }: Invocation): boolean {
    if (!has_events || error?.reason === 'interrupted') return false;
    return this.clock.now().getTime() - Date.parse(completed_at ?? '') < LAST_EVENTS_WITHIN_MS;
  }
}

async function* nothing(): AsyncGenerator<RunStreamEvent> {
  yield* [];
}
