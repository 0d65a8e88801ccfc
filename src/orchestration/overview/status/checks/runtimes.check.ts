import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings.js';
import { Runtimes } from '../../../../runtimes/runtimes.js';
import { ComponentCheck, type ComponentState } from '../component-check.js';

/** Whether the runtime that builds deploy to is set up. How each agent's own container does is the agent's runtime health. */
@Injectable()
export class RuntimesComponent extends ComponentCheck {
  override readonly name = 'runtimes';

  constructor(
    private readonly runtimes: Runtimes,
    private readonly settings: Settings,
  ) {
    super();
  }

  override async look(): Promise<ComponentState> {
    const kinds = this.runtimes.kinds();
    const wanted = this.settings.get('AGENT_RUNTIME');
    const message = `${kinds.join(', ')} can be used; builds deploy to ${wanted}`;
    return { status: kinds.includes(wanted) ? 'healthy' : 'unhealthy', message };
  }
}
