import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings.js';
import { Clock } from '../../../../shared/clock.js';
import { WatchTurn } from '../../../partnerships/watch-turn.service.js';
import { ComponentCheck, type ComponentState } from '../component-check.js';

/** So long after it was due a look is overdue: nobody takes it. */
const OVERDUE_MS = 60_000;
const LOOKED_AT = 100;

/** Whether looks at polled partners are taken when they are due, by whichever process. */
@Injectable()
export class PartnershipProbesComponent extends ComponentCheck {
  override readonly name = 'partnership_probes';

  constructor(
    private readonly turn: WatchTurn,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async look(): Promise<ComponentState> {
    const before = new Date(this.clock.now().getTime() - OVERDUE_MS).toISOString();
    const overdue = await this.turn.due(before, LOOKED_AT);
    if (overdue.length > 0)
      return { status: 'degraded', message: `${overdue.length} partners are overdue to be looked at` };
    const tick = this.settings.get('PARTNERSHIP_TICK_MS');
    return {
      status: 'healthy',
      message: tick === 0 ? 'Other processes look; none is overdue' : `Looks every ${tick} ms; none is overdue`,
    };
  }
}
