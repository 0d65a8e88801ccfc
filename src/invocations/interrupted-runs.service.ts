import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Settings } from '../platform/config/settings.js';
import { Clock } from '../shared/clock.js';
import { InvocationsRepository } from './invocations.repository.js';

/** Later than any timestamp of this platform. */
const END_OF_TIME = '9999';

/** Ends the records of runs whose process died: at the start, and then every `RUN_SWEEP_SECONDS`. */
@Injectable()
export class InterruptedRuns implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(InterruptedRuns.name);
  private sweep: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: InvocationsRepository,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    const onlyThisProcessRunsAgents = this.settings.get('NEXUS_DATABASE') === 'embedded';
    void this.end(onlyThisProcessRunsAgents ? END_OF_TIME : this.clock.timestamp());
    const sweep_ms = this.settings.get('RUN_SWEEP_SECONDS') * 1000;
    this.sweep = setInterval(() => void this.end(this.clock.timestamp()), sweep_ms).unref();
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.sweep);
  }

  /** @param before ends the runs whose lease expired before this time */
  private async end(before: string): Promise<void> {
    try {
      for await (const invocation_id of this.repository.listRunning(before))
        await this.repository.interrupt(invocation_id, this.clock.timestamp(), before);
    } catch (error) {
      this.logger.warn({ msg: 'interrupted runs could not be ended, the next sweep tries again', err: error });
    }
  }
}
