import { Injectable } from '@nestjs/common';
import { CountingLag } from '../../../../statistics/counting-lag.js';
import { ComponentCheck, type ComponentState } from '../component-check.js';

/** Counting follows within a second; after so long somebody should look. */
const LATE_SECONDS = 60;

/** How far the counters are behind what happened. */
@Injectable()
export class MetricsCollectorComponent extends ComponentCheck {
  override readonly name = 'metrics_collector';

  constructor(private readonly lag: CountingLag) {
    super();
  }

  override async look(): Promise<ComponentState> {
    const lags = await this.lag.read();
    const worst = Math.max(0, ...lags.map(({ value }) => value));
    return worst > LATE_SECONDS
      ? { status: 'degraded', message: `The oldest record that is not counted waits for ${Math.round(worst)} s` }
      : { status: 'healthy', message: `Counters are ${worst === 0 ? 'up to date' : `${worst.toFixed(1)} s behind`}` };
  }
}
