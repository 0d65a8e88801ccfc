import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Engine } from '../../engine/engine.js';
import { Settings } from '../../platform/config/settings.js';
import { SecretBox } from '../../platform/secrets/secret-box.js';
import { Clock } from '../../shared/clock.js';
import {
  ConflictError,
  DomainError,
  NotFoundError,
  UnauthenticatedError,
  ValidationError,
} from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import type { Page } from '../../shared/page.js';
import { secretValues } from '../../shared/secret-values.js';
import { analysisOf, bareExpression, ExpressionError } from '../definition/expressions.js';
import { DefinitionWorkers } from '../definition/definition-workers.js';
import { pathOf } from '../definition/flow-graph.js';
import { FlowsService } from '../flows.service.js';
import type { PageWish } from '../flows.repository.js';
import { type FlowRun, isFinal } from '../runs/flow-run.js';
import { FlowRunStarts, type StartWish } from '../runs/flow-run-starts.service.js';
import { FlowRunsRepository } from '../runs/flow-runs.repository.js';
import {
  dueTimes,
  type FlowTrigger,
  type FlowTriggerKind,
  timesAfter,
  TRIGGER_CONFIGS,
  triggerBinding,
  TriggerNotFoundError,
  type Verification,
  type InboundCall,
  parsedBody,
  verdictOn,
} from './trigger.js';
import { TriggersRepository } from './triggers.repository.js';

const LOOK_MS = 1_000;
const DUE_AT_ONCE = 20;
const TRIGGERS_PER_FLOW = 50;
/** What the engine has not fired by then is fired by a look. */
const ENGINE_LATE_MS = 10_000;
/** The engine's clock may be ahead of ours. */
const ENGINE_EARLY_MS = 5_000;

export interface MadeTrigger {
  trigger: FlowTrigger;
  /** The secret that the platform made up; shown once. */
  secret: string | undefined;
}

/**
 * Schedules and inbound webhooks, and the settings of all triggers. Every start carries an idempotency key that follows from its cause
 * (the scheduled time, the delivery), so that any number of processes start one run for one cause.
 */
@Injectable()
export class TriggersService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(TriggersService.name);
  private timer: NodeJS.Timeout | undefined;
  private look: Promise<void> | undefined;

  constructor(
    private readonly repository: TriggersRepository,
    private readonly flows: FlowsService,
    private readonly runs: FlowRunsRepository,
    private readonly starts: FlowRunStarts,
    private readonly workers: DefinitionWorkers,
    private readonly secrets: SecretBox,
    private readonly engine: Engine,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  onApplicationBootstrap(): void {
    this.engine.onSchedule((schedule_id) => this.fireOnTime(schedule_id));
    if (this.settings.get('FLOW_RUN_SLOTS') === 0) return;
    this.timer = setInterval(() => this.lookForDue(), LOOK_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.look;
  }

  /** @throws FlowNotFoundError, ValidationError, ConflictError when the flow has 50 triggers */
  async create(
    { org_id, user_id }: { org_id: string; user_id: string },
    flow_id: string,
    { kind, config, enabled }: { kind: FlowTriggerKind; config: unknown; enabled: boolean },
  ): Promise<MadeTrigger> {
    await this.flows.get(org_id, flow_id);
    const others = await this.repository.list(org_id, flow_id, { limit: TRIGGERS_PER_FLOW });
    if (others.items.length >= TRIGGERS_PER_FLOW)
      throw new ConflictError(`The flow already has the maximum of ${TRIGGERS_PER_FLOW} triggers`, {
        suggestion: 'Delete a trigger first.',
      });
    const trigger: FlowTrigger = {
      ...{ trigger_id: this.ids.next('trg'), org_id, user_id, flow_id, kind, enabled },
      ...{ last_run_id: null, last_fired_at: null, last_error: null, created_at: this.clock.timestamp() },
    };
    const secret = this.configure(trigger, config);
    // A schedule of the engine without its trigger ends at its first time.
    if (trigger.schedule && enabled) {
      const { cron, every_seconds, timezone } = trigger.schedule;
      const { due_at: first_at } = trigger;
      const times = { cron, every_seconds, timezone, first_at };
      if (await this.engine.schedule({ schedule_id: scheduleId(trigger), ...times })) trigger.is_on_engine = true;
    }
    await this.repository.create(trigger);
    return { trigger, secret };
  }

  async list(org_id: string, flow_id: string, page: PageWish): Promise<Page<FlowTrigger>> {
    await this.flows.get(org_id, flow_id);
    return this.repository.list(org_id, flow_id, page);
  }

  /** @throws TriggerNotFoundError */
  async get(org_id: string, flow_id: string, trigger_id: string): Promise<FlowTrigger> {
    const trigger = await this.repository.find(org_id, flow_id, trigger_id);
    if (!trigger) throw new TriggerNotFoundError(trigger_id);
    return trigger;
  }

  async delete(org_id: string, flow_id: string, trigger_id: string): Promise<void> {
    const trigger = await this.get(org_id, flow_id, trigger_id);
    await this.repository.delete(trigger);
    if (trigger.is_on_engine) await this.engine.unschedule(scheduleId(trigger));
  }

  async deleteByFlow(org_id: string, flow_id: string): Promise<void> {
    await this.repository.deleteByFlow(org_id, flow_id);
  }

  /** The next five times of an enabled schedule. */
  nextTimes({ schedule, enabled }: FlowTrigger): string[] {
    if (!schedule || !enabled) return [];
    return timesAfter(schedule, this.clock.now(), 5).map((at) => at.toISOString());
  }

  /**
   * An inbound webhook. It is verified before anything is stored; an unknown and a disabled trigger answer the same.
   * @returns the run that it started; Slack's challenge, which starts none, when Slack checks the address
   * @throws NotFoundError, UnauthenticatedError, ConflictError for a delivery that was taken before, ValidationError
   */
  async receive(hook_id: string, call: InboundCall): Promise<{ run: FlowRun } | { challenge: string }> {
    const trigger = await this.repository.findByHook(hook_id);
    if (!trigger?.webhook || !trigger.enabled) throw new NotFoundError('Hook', hook_id.slice(0, 60));
    const { webhook, org_id, trigger_id } = trigger;
    const secret = trigger.secret ? this.secrets.open(trigger.secret, triggerBinding(trigger)) : '';
    const verdict = verdictOn(webhook.verification as Verification, secret, call, this.clock.now());
    if (!verdict.is_genuine)
      throw new UnauthenticatedError('The webhook is not signed as its trigger requires', {
        suggestion: 'Check the secret, the signature header and the clock of the sender.',
      });
    const { challenge, delivery_id } = verdict;
    if (challenge !== undefined) return { challenge };
    const input = await this.inputOf(org_id, webhook.input, call);
    const { run, is_new } = await this.start(trigger, {
      input,
      ...(delivery_id === undefined ? {} : { idempotency_key: `hook ${trigger_id} ${delivery_id}` }),
    });
    if (!is_new)
      throw new ConflictError('This delivery was already accepted', {
        details: { delivery_id, run_ids: [run.run_id] },
        suggestion: 'Send a new delivery id for a new event.',
      });
    await this.repository.note(trigger, this.clock.timestamp(), run.run_id, null);
    return { run };
  }

  /** Puts the checked settings into the trigger. @returns the secret if the platform made it up */
  private configure(trigger: FlowTrigger, given: unknown): string | undefined {
    const parsed = TRIGGER_CONFIGS[trigger.kind].safeParse(given);
    if (!parsed.success) {
      const fields: Record<string, string[]> = {};
      for (const { path, message } of parsed.error.issues) (fields[pathOf(['config', ...path])] ??= []).push(message);
      throw new ValidationError(`The request is not valid: ${Object.keys(fields).join(', ')}`, { details: { fields } });
    }
    if (trigger.kind === 'schedule') {
      trigger.schedule = TRIGGER_CONFIGS.schedule.parse(given);
      const [first] = timesAfter(trigger.schedule, this.clock.now(), 1);
      if (!first) throw ValidationError.field('config.cron', 'never fires in the future');
      trigger.due_at = first.toISOString();
      return undefined;
    }
    if (trigger.kind === 'event') {
      trigger.event = TRIGGER_CONFIGS.event.parse(given);
      if (trigger.event.filter !== undefined) requireExpression('config.filter', trigger.event.filter);
      return undefined;
    }
    return this.configureWebhook(trigger, TRIGGER_CONFIGS.webhook.parse(given));
  }

  private configureWebhook(
    trigger: FlowTrigger,
    { verification, input }: ReturnType<typeof TRIGGER_CONFIGS.webhook.parse>,
  ): string | undefined {
    trigger.hook_id = `hook_${randomBytes(24).toString('base64url')}`;
    trigger.webhook = { verification: withoutSecret(verification), ...(input === undefined ? {} : { input }) };
    if (verification.kind === 'none') return undefined;
    const made = verification.secret === undefined ? randomBytes(32).toString('base64url') : undefined;
    const secret = verification.secret ?? made ?? '';
    secretValues.addStored(secret);
    trigger.secret = this.secrets.seal(secret, triggerBinding(trigger));
    return made;
  }

  private async inputOf(org_id: string, template: unknown, { body, headers, query }: InboundCall) {
    const context = { body: parsedBody(body, headers['content-type']), headers, query, now: this.clock.timestamp() };
    let value: unknown = context.body;
    try {
      const isExpression = typeof template === 'string' && !template.includes('${{');
      if (template !== undefined)
        value = await this.workers.render(org_id, isExpression ? `\${{ ${template} }}` : template, context);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw ValidationError.field('body', `does not fit the input of the trigger: ${error.message}`);
    }
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : { body: value };
  }

  private start(trigger: FlowTrigger, wish: Pick<StartWish, 'input' | 'idempotency_key' | 'depth' | 'queue_key'>) {
    const { org_id, user_id, flow_id, kind, trigger_id } = trigger;
    return this.starts.start({ org_id, user_id, flow_id, trigger: { kind, id: trigger_id }, ...wish });
  }

  /**
   * Starts a run without a caller: why a flow cannot be started is noted in its trigger.
   * @throws DomainError when the database or the engine is not available, so that the cause is tried again
   */
  async startNoting(trigger: FlowTrigger, wish: Parameters<TriggersService['start']>[1]): Promise<FlowTrigger> {
    const at = this.clock.timestamp();
    try {
      const { run } = await this.start(trigger, wish);
      await this.repository.note(trigger, at, run.run_id, null);
      return { ...trigger, last_fired_at: at, last_run_id: run.run_id, last_error: null };
    } catch (error) {
      if (!(error instanceof DomainError) || isPassing(error)) throw error;
      await this.repository.note(trigger, at, trigger.last_run_id, error.message);
      return { ...trigger, last_fired_at: at, last_error: error.message };
    }
  }

  private lookForDue(): void {
    this.look ??= this.fireDue()
      .catch((error: unknown) => {
        this.logger.warn({ msg: 'schedules could not be read; the next poll retries', err: error });
      })
      .finally(() => {
        this.look = undefined;
      });
  }

  private async fireDue(): Promise<void> {
    const now = this.clock.now();
    for (const { org_id, flow_id, trigger_id } of await this.repository.due(now.toISOString(), DUE_AT_ONCE)) {
      const trigger = await this.repository.find(org_id, flow_id, trigger_id);
      if (!trigger?.schedule || trigger.due_at === undefined) continue;
      const late_ms = now.getTime() - Date.parse(trigger.due_at);
      if (late_ms >= (trigger.is_on_engine ? ENGINE_LATE_MS : 0)) await this.fire(trigger, trigger.due_at, now);
    }
  }

  /** A time of the engine's schedule. */
  private async fireOnTime(schedule_id: string): Promise<void> {
    const [org_id = '', flow_id = '', trigger_id = ''] = schedule_id.split('#');
    const trigger = await this.repository.find(org_id, flow_id, trigger_id);
    if (!trigger?.schedule || !trigger.enabled) return this.engine.unschedule(schedule_id);
    if (trigger.due_at === undefined) return;
    const early_ms = Date.parse(trigger.due_at) - this.clock.now().getTime();
    if (early_ms > ENGINE_EARLY_MS) return;
    if (early_ms > 0) await delay(early_ms);
    await this.fire(
      trigger,
      trigger.due_at,
      new Date(Math.max(this.clock.now().getTime(), Date.parse(trigger.due_at))),
    );
  }

  /** Starts what is due, then moves the schedule on: what a crash between the two repeats has the same idempotency key. */
  private async fire(trigger: FlowTrigger, seen: string, now: Date): Promise<void> {
    const { schedule, trigger_id } = trigger;
    if (!schedule) return;
    const { fire, next } = dueTimes(schedule, seen, now);
    let current = trigger;
    for (const at of fire) {
      if (schedule.overlap === 'skip' && (await this.isBusy(current))) break;
      const queue = schedule.overlap === 'queue' ? { queue_key: `trigger ${trigger_id}` } : {};
      const input = { ...schedule.input, scheduled_at: at };
      current = await this.startNoting(current, { input, idempotency_key: `schedule ${trigger_id} ${at}`, ...queue });
    }
    await this.repository.advance({ ...current, due_at: next }, seen);
  }

  private async isBusy({ org_id, last_run_id }: FlowTrigger): Promise<boolean> {
    if (last_run_id === null) return false;
    const run = await this.runs.findRun(org_id, last_run_id);
    return run !== undefined && !isFinal(run.status);
  }
}

const scheduleId = ({ org_id, flow_id, trigger_id }: FlowTrigger): string => `${org_id}#${flow_id}#${trigger_id}`;

const isPassing = ({ code }: DomainError): boolean => code === 'DATABASE_ERROR' || code === 'SERVICE_UNAVAILABLE';

function withoutSecret(verification: Verification): Omit<Verification, 'secret'> & { kind: Verification['kind'] } {
  if (verification.kind === 'none') return verification;
  const { secret: _, ...rest } = verification;
  return rest;
}

function requireExpression(field: string, text: string): void {
  try {
    analysisOf(bareExpression(text));
  } catch (error) {
    if (error instanceof ExpressionError)
      throw ValidationError.field(field, `is not a usable expression: ${error.message}`);
    throw error;
  }
}
