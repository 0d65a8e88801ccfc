import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { type PendingEvent, PlatformEventsRepository } from '../../platform/events/platform-events.repository.js';
import { Clock } from '../../shared/clock.js';
import { DefinitionWorkers } from '../definition/definition-workers.js';
import { bareExpression, ExpressionError } from '../definition/expressions.js';
import type { FlowRun } from '../runs/flow-run.js';
import { EVENT_TYPES, type FlowEventType, type FlowTrigger } from './trigger.js';
import { TriggersRepository } from './triggers.repository.js';
import { TriggersService } from './triggers.service.js';

const LOOK_MS = 1_000;
const EVENTS_AT_ONCE = 50;
/** How long a process has an event for itself; doubled by each failed attempt up to an hour. */
const CLAIMED_MS = 30_000;
const LONGEST_CLAIM_MS = 3_600_000;
/** Runs that events start may start others in turn, but not without end. */
const DEPTH_MAX = 5;

interface FlowEvent {
  /** Names the event in idempotency keys. */
  id: string;
  org_id: string;
  type: FlowEventType;
  depth: number;
  /** What filters and inputs see. */
  seen: Record<string, unknown>;
  /** The flow whose run the event is about. */
  flow_id?: string;
}

/**
 * Starts runs for events. Events of the platform are stored in the transaction of what happened and stay until their runs are
 * stored; ends of flow runs are handed over before they are stored. So an event is delivered at least once, and the idempotency key
 * of a run, which follows from trigger and event, makes that one run.
 */
@Injectable()
export class EventTriggers implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(EventTriggers.name);
  private timer: NodeJS.Timeout | undefined;
  private look: Promise<void> | undefined;

  constructor(
    private readonly events: PlatformEventsRepository,
    private readonly repository: TriggersRepository,
    private readonly triggers: TriggersService,
    private readonly workers: DefinitionWorkers,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.get('FLOW_RUN_SLOTS') === 0) return;
    this.timer = setInterval(() => this.lookForEvents(), LOOK_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.look;
  }

  /** Starts the runs that wait for the end of another. Called at least once for each end. */
  async runEnded(run: FlowRun): Promise<void> {
    const { org_id, run_id, flow_id, status, trigger, error, depth, retries } = run;
    const type = `flow_run.${status === 'compensated' ? 'failed' : status}` as FlowEventType;
    if (!EVENT_TYPES.includes(type) || run.dry_run) return;
    const seen = { type, run_id, flow_id, status, trigger, error };
    const event = { id: `${run_id} ${retries}`, org_id, type, depth: depth + 1, seen, flow_id };
    await this.deliver(event, await this.repository.byEvent(org_id, type));
  }

  private lookForEvents(): void {
    this.look ??= this.deliverPending()
      .catch((error: unknown) => {
        this.logger.warn({ msg: 'pending events could not be read; the next poll retries', err: error });
      })
      .finally(() => {
        this.look = undefined;
      });
  }

  /** Events that no trigger waits for are deleted together; each other is claimed, so that one process delivers it. */
  private async deliverPending(): Promise<void> {
    const pending = await this.events.pending(this.clock.timestamp(), EVENTS_AT_ONCE);
    const waiting = new Map<string, FlowTrigger[]>();
    for (const { org_id, type } of pending) {
      const key = `${org_id} ${type}`;
      if (!waiting.has(key)) waiting.set(key, await this.repository.byEvent(org_id, type));
    }
    const triggersOf = ({ org_id, type }: PendingEvent): FlowTrigger[] => waiting.get(`${org_id} ${type}`) ?? [];
    const unwanted = pending.filter((event) => triggersOf(event).length === 0);
    if (unwanted.length > 0) await this.events.delete(unwanted);
    for (const event of pending) {
      const triggers = triggersOf(event);
      if (triggers.length > 0) await this.deliverOne(event, triggers);
    }
  }

  private async deliverOne(event: PendingEvent, triggers: readonly FlowTrigger[]): Promise<void> {
    const now = this.clock.now();
    const claim_ms = Math.min(LONGEST_CLAIM_MS, CLAIMED_MS * 2 ** event.attempts);
    const until = new Date(now.getTime() + claim_ms).toISOString();
    if (!(await this.events.claim(event, now.toISOString(), until))) return;
    const { id, org_id, type, at, depth, data } = event;
    try {
      await this.deliver({ id, org_id, type, depth, seen: { type, ...data, at } }, triggers);
      await this.events.delete([event]);
    } catch (error) {
      this.logger.warn({ msg: 'an event could not be delivered and is retried', event_id: id, org_id, err: error });
    }
  }

  private async deliver({ id, type, depth, seen, flow_id }: FlowEvent, triggers: readonly FlowTrigger[]) {
    if (depth > DEPTH_MAX) return;
    for (const trigger of triggers) {
      // A flow that waits for its own end would run for ever.
      if (trigger.flow_id === flow_id || trigger.event?.type !== type) continue;
      if (!(await this.isWanted(trigger, seen))) continue;
      const idempotency_key = `event ${trigger.trigger_id} ${id}`;
      await this.triggers.startNoting(trigger, { input: { event: seen }, idempotency_key, depth });
    }
  }

  private async isWanted({ org_id, event: settings }: FlowTrigger, event: object): Promise<boolean> {
    if (settings?.filter === undefined) return true;
    try {
      const context = { event, now: this.clock.timestamp() };
      return (await this.workers.render(org_id, `\${{ ${bareExpression(settings.filter)} }}`, context)) === true;
    } catch (error) {
      if (error instanceof ExpressionError) return false;
      throw error;
    }
  }
}
