import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Settings } from '../platform/config/settings.js';
import { ProjectProgressService } from '../projects/project-progress.service.js';
import { Clock } from '../shared/clock.js';
import { BuildsRepository } from './builds.repository.js';
import { BuildSteps } from './step/step.js';

/** What a run needs from the platform; one for all runs. */
@Injectable()
export class BuildRunPorts {
  constructor(
    readonly progress: ProjectProgressService,
    readonly builds: BuildsRepository,
    readonly steps: BuildSteps,
    readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** Holds each step back by `BUILD_STAGE_PAUSE_MS` (0 unless set), so that a person can follow a build that takes milliseconds. */
  pace(signal: AbortSignal): Promise<void> {
    const pause = this.settings.get('BUILD_STAGE_PAUSE_MS');
    return pause === 0 ? Promise.resolve() : this.wait(pause, signal);
  }

  /** Rejects when the run is interrupted. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return delay(ms, undefined, { signal });
  }
}
