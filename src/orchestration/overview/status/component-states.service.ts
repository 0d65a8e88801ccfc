import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { FreshReads } from '../../../shared/fresh-reads.js';
import { ComponentCheck, type ComponentState } from './component-check.js';

/** So old may an answer be: a thousand callers a second cost one look. */
export const OLDEST_MS = 4_000;
const PATIENCE_MS = 1_500;

export interface MeasuredState extends ComponentState {
  /** How long the look took. */
  latency_ms: number;
}

export interface ComponentStates {
  components: Record<string, MeasuredState>;
  taken_at: string;
}

/** Looks at every part of the platform at once; all callers of a moment share one look. */
@Injectable()
export class ComponentStatesService {
  private readonly logger = new Logger(ComponentStatesService.name);
  private readonly reads = new FreshReads(OLDEST_MS);

  constructor(
    private readonly checks: readonly ComponentCheck[],
    private readonly clock: Clock,
  ) {}

  /** Never fails: a part that cannot be looked at is unhealthy. Shared: never change it. */
  read(): Promise<ComponentStates> {
    return this.reads.read('components', async () => {
      const states = await Promise.all(
        this.checks.map(async (check) => [check.name, await this.stateOf(check)] as const),
      );
      return { components: Object.fromEntries(states), taken_at: this.clock.timestamp() };
    });
  }

  private async stateOf(check: ComponentCheck): Promise<MeasuredState> {
    const begun = performance.now();
    const state = await this.look(check);
    return { ...state, latency_ms: Math.round((performance.now() - begun) * 100) / 100 };
  }

  private async look(check: ComponentCheck): Promise<ComponentState> {
    const patience = new AbortController();
    const late = delay(PATIENCE_MS, undefined, { signal: patience.signal, ref: false }).then((): ComponentState => ({
      status: 'unhealthy',
      message: `No answer within ${PATIENCE_MS / 1000} seconds`,
    }));
    late.catch(() => undefined);
    try {
      return await Promise.race([check.look(), late]);
    } catch (error) {
      this.logger.warn({ msg: 'A component could not be looked at', component: check.name, err: error });
      return { status: 'unhealthy', message: 'Could not be looked at; the log says why' };
    } finally {
      patience.abort();
    }
  }
}
