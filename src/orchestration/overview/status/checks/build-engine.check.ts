import { Injectable } from '@nestjs/common';
import { EmbeddedBuildEngine } from '../../../../builds/embedded-build-engine.js';
import { QueueMetrics } from '../../../../builds/queue-metrics.js';
import { Settings } from '../../../../platform/config/settings.js';
import { ComponentCheck, type ComponentState } from '../component-check.js';

/** A build that has waited longer says that nobody gets round to it. */
const LONG_WAIT_SECONDS = 600;

/** Looks at the queue of the whole environment and at the slots of this process. */
@Injectable()
export class BuildEngineComponent extends ComponentCheck {
  override readonly name = 'build_engine';

  constructor(
    private readonly engine: EmbeddedBuildEngine,
    private readonly queue: QueueMetrics,
    private readonly settings: Settings,
  ) {
    super();
  }

  override async look(): Promise<ComponentState> {
    const { waiting, running, stalled, oldest_seconds } = await this.queue.read();
    const slots = this.settings.get('BUILD_SLOTS');
    const message = `${this.engine.running} of ${slots} slots in use here; ${running} builds run and ${waiting} wait in all`;
    if (stalled > 0) return { status: 'degraded', message: `${message}; ${stalled} lost their process` };
    if (oldest_seconds > LONG_WAIT_SECONDS)
      return { status: 'degraded', message: `${message}; the oldest for ${Math.round(oldest_seconds)} s` };
    return { status: 'healthy', message };
  }
}
