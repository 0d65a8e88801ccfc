import { Injectable } from '@nestjs/common';
import { QueueMetrics } from '../../../../builds/queue-metrics.js';
import { Settings } from '../../../../platform/config/settings.js';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';

const LONG_WAIT_SECONDS = 600;

/** Builds find a slot, and none of them lost its process. */
@Injectable()
export class BuildEngineReadiness extends ReadinessCheck {
  override readonly name = 'build_engine';

  constructor(
    private readonly queue: QueueMetrics,
    private readonly settings: Settings,
  ) {
    super();
  }

  override async look(): Promise<Finding> {
    const queue = await this.queue.read();
    const evidence = { slots_here: this.settings.get('BUILD_SLOTS'), ...queue };
    if (queue.oldest_seconds > LONG_WAIT_SECONDS)
      return fail(
        'Builds wait and nobody gets round to them',
        evidence,
        'Run processes with BUILD_SLOTS above 0, or more of them; docs/runbooks says how to find out why.',
      );
    if (queue.stalled > 0)
      return fail(
        'Builds lost their process and are not taken over',
        evidence,
        'Start a process with BUILD_SLOTS above 0.',
      );
    return pass(`${queue.running} builds run, ${queue.waiting} wait`, evidence);
  }
}
