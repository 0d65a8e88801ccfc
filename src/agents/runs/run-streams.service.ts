import { Injectable } from '@nestjs/common';
import { AgentRunError } from '../../runtimes/agent-run-error.js';
import { Ids } from '../../shared/ids.js';
import type { RunEvent } from '../agent-run.service.js';
import { begun } from '../run-stream.js';
import type { LiveRun } from './live-run.js';
import { LiveRuns } from './live-runs.service.js';
import type { RunStreamEvent } from './run-feed.js';
import { RunPresenter } from './run-presenter.js';

/** Runs whose caller listens: what it hears is kept, so that a dropped stream can be read on. */
@Injectable()
export class RunStreams {
  constructor(
    private readonly live: LiveRuns,
    private readonly presenter: RunPresenter,
    private readonly ids: Ids,
  ) {}

  /**
   * Starts a run and yields its events. A caller that stops listening ends the run: it is recorded as cancelled, and its
   * stored events end with that error. What is refused before the run begins is thrown here.
   * @param answer the data of the `done` event
   */
  async open<T>(
    org_id: string,
    start: (live: LiveRun) => AsyncGenerator<RunEvent, T>,
    answer: (result: T) => unknown,
  ): Promise<AsyncGenerator<RunStreamEvent>> {
    const live = this.live.open(org_id, this.ids.next('inv'));
    try {
      return this.kept(live, this.presenter.events(await begun(start(live)), answer));
    } catch (error) {
      this.live.discard(live);
      throw error;
    }
  }

  private async *kept(live: LiveRun, events: AsyncGenerator<RunStreamEvent>): AsyncGenerator<RunStreamEvent> {
    const { feed } = live;
    try {
      for await (const event of events) {
        await feed.append(event);
        yield event;
      }
    } finally {
      if (!feed.isComplete) await feed.append({ id: String(feed.count + 1), ...this.abandoned(live) });
      await this.live.close(live);
    }
  }

  private abandoned({ invocation_id }: LiveRun) {
    const error = new AgentRunError('cancelled', 'The caller went away before the agent had answered');
    error.details['invocation_id'] = invocation_id;
    return this.presenter.failure(error);
  }
}
