import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Outbox } from '../platform/async/outbox.js';
import { Settings } from '../platform/config/settings.js';
import { OutgoingHttp } from '../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../platform/outgoing/outgoing.errors.js';
import { SecretBox } from '../platform/secrets/secret-box.js';
import { Clock } from '../shared/clock.js';
import { ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import { type Invocation, isOver } from './invocation.js';
import { InvocationsRepository } from './invocations.repository.js';
import { type TaskPush, TaskPushesRepository } from './task-pushes.repository.js';

const PUSHES_MAX = 10;
const KEPT_SECONDS = 30 * 24 * 3600;
const ATTEMPTS = 5;
const GROWTH = 6;
/** How often an unfinished run is checked, at first and after a minute. Its end in this process is noticed at once. */
const LOOK_MS = 2_000;
const LATER_LOOK_MS = 15_000;
const YOUNG_MS = 60_000;
/** Longer than an attempt can take. */
const LEASE_MS = 60_000;
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES = 64_000;
const GONE = 410;
const AT_A_TIME = 8;

/** The token by which the receiver recognizes the platform. */
export interface PushSecrets {
  token?: string;
  authorization?: string;
}

export interface PushMessage {
  body: string;
  content_type: string;
}

/** How a protocol writes what it reports of a run. */
export type PushForm = (invocation: Invocation) => Promise<PushMessage>;

export interface NewPush {
  id?: string | undefined;
  url: string;
  form: string;
  secrets: PushSecrets;
}

/**
 * Reports of runs to addresses that callers name: when a run waits for a decision, and how it ends. Any process reports what is due, at
 * least once and in at most five attempts; states that follow each other faster are reported as the last one.
 */
@Injectable()
export class TaskPushes implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(TaskPushes.name);
  private readonly forms = new Map<string, PushForm>();
  private readonly outbox = new Outbox<Pick<TaskPush, 'task' | 'push_id'> & { due_at: string }>({
    at_a_time: AT_A_TIME,
    due: (limit) => this.repository.listDue(this.clock.timestamp(), limit),
    attempt: ({ due_at, ...key }) => this.look(key, due_at),
    failed: (error) => {
      this.logger.warn({ msg: 'runs could not be reported; the next poll retries', err: error });
    },
  });

  constructor(
    private readonly repository: TaskPushesRepository,
    private readonly invocations: InvocationsRepository,
    private readonly outgoing: OutgoingHttp,
    private readonly secrets: SecretBox,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  onApplicationBootstrap(): void {
    this.outbox.pollEvery(this.settings.get('WEBHOOK_POLL_SECONDS'));
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.outbox.stop();
  }

  /** Registers how pushes of a form are written, while modules are initialised. */
  register(name: string, form: PushForm): void {
    this.forms.set(name, form);
  }

  /** Checks an address before a run is started for it. @throws ValidationError for one that the platform does not call */
  assertCallable(url: string): void {
    try {
      this.outgoing.check(url);
    } catch (error) {
      if (!(error instanceof OutgoingRefusedError)) throw error;
      throw ValidationError.field('url', error.message.replace(/^url /, ''));
    }
  }

  /** Adds an address, or replaces the one with the same id. @throws ValidationError for its url, and for the eleventh of a run */
  async set({ org_id, invocation_id }: Invocation, { id, url, form, secrets }: NewPush): Promise<TaskPush> {
    this.assertCallable(url);
    const push_id = id ?? this.ids.next('push');
    const others = (await this.repository.listByTask(org_id, invocation_id)).filter((one) => one.push_id !== push_id);
    if (others.length >= PUSHES_MAX)
      throw ValidationError.field('id', `would exceed the limit of ${PUSHES_MAX} per task`);
    const now = this.clock.timestamp();
    const sealed = this.secrets.seal(JSON.stringify(secrets), bindingOf(org_id, invocation_id, push_id));
    const push = {
      ...{ push_id, org_id, invocation_id, url, form, reported: 'running' as const, attempts: 0 },
      ...(secrets.token === undefined && secrets.authorization === undefined ? {} : { secrets: sealed }),
      due_at: now,
      created_at: now,
      expires_at: Math.floor(Date.parse(now) / 1000) + KEPT_SECONDS,
    };
    await this.repository.save(push);
    this.outbox.kick();
    return { ...push, task: `${org_id}#${invocation_id}` };
  }

  find({ org_id, invocation_id }: Invocation, push_id: string): Promise<TaskPush | undefined> {
    return this.repository.find(org_id, invocation_id, push_id);
  }

  list({ org_id, invocation_id }: Invocation): Promise<TaskPush[]> {
    return this.repository.listByTask(org_id, invocation_id);
  }

  /** Deleting what is gone is no error. */
  async remove({ org_id, invocation_id }: Invocation, push_id: string): Promise<void> {
    const push = await this.repository.find(org_id, invocation_id, push_id);
    if (push) await this.repository.delete(push);
  }

  secretsOf({ org_id, invocation_id, push_id, secrets }: TaskPush): PushSecrets {
    if (!secrets) return {};
    return JSON.parse(this.secrets.open(secrets, bindingOf(org_id, invocation_id, push_id))) as PushSecrets;
  }

  /** The run has changed in this process: it is looked at now instead of later. Never rejects. */
  async changed(run: Pick<Invocation, 'org_id' | 'invocation_id'>): Promise<void> {
    try {
      const now = this.clock.timestamp();
      const pushes = await this.repository.listByTask(run.org_id, run.invocation_id);
      await Promise.all(pushes.map((push) => this.repository.hasten(push, now)));
      if (pushes.length > 0) this.outbox.kick();
    } catch (error) {
      this.logger.warn({
        msg: 'a run could not be reported yet; retrying later',
        invocation_id: run.invocation_id,
        err: error,
      });
    }
  }

  /** @returns false when another process looks */
  private async look(key: Pick<TaskPush, 'task' | 'push_id'>, due_at: string): Promise<boolean> {
    const push = await this.repository.claim(key, due_at, this.inFuture(LEASE_MS));
    if (!push) return false;
    const run = await this.invocations.findById(push.org_id, push.invocation_id);
    const form = this.forms.get(push.form);
    if (!run || !form) await this.repository.delete(push);
    else if (run.status === push.reported) await this.settle(push, run, LOOK_MS);
    else await this.report(push, run, await form(run));
    return true;
  }

  private async report(push: TaskPush, run: Invocation, { body, content_type }: PushMessage): Promise<void> {
    const { token, authorization } = this.secretsOf(push);
    const headers = {
      'content-type': content_type,
      'user-agent': 'Nexus-A2A/1',
      ...(token === undefined ? {} : { 'x-a2a-notification-token': token }),
      ...(authorization === undefined ? {} : { authorization }),
    };
    const bounds = { timeout_ms: TIMEOUT_MS, max_bytes: ANSWER_BYTES, max_redirects: 0 };
    const { url } = push;
    const { signal } = this.outbox;
    const status = await this.outgoing.request({ url, method: 'POST', headers, body, signal, ...bounds }).then(
      (answer) => answer.status,
      (error: unknown) => {
        if (error instanceof OutgoingFailedError) return 0;
        if (error instanceof OutgoingRefusedError) return GONE;
        throw error;
      },
    );
    const isDelivered = status >= 200 && status < 300;
    const attempts = push.attempts + 1;
    if (isDelivered || status === GONE || attempts >= ATTEMPTS) {
      if (!isDelivered)
        this.logger.warn({ msg: 'a run could not be reported', invocation_id: run.invocation_id, status, attempts });
      await this.settle({ ...push, reported: run.status, attempts: 0 }, run, LOOK_MS);
      return;
    }
    const pause = this.settings.get('WEBHOOK_RETRY_MS') * GROWTH ** (attempts - 1) * (0.5 + Math.random() / 2);
    setTimeout(() => this.outbox.kick(), pause + 1).unref();
    await this.repository.settle(push, { reported: push.reported, attempts, next_at: this.inFuture(pause) });
  }

  /** Nothing is to be reported after the end of a run. */
  private async settle(push: TaskPush, run: Invocation, pause_ms: number): Promise<void> {
    const { reported, attempts } = push;
    const isYoung = this.clock.now().getTime() - Date.parse(push.created_at) < YOUNG_MS;
    const next = isOver(run) ? {} : { next_at: this.inFuture(isYoung ? pause_ms : LATER_LOOK_MS) };
    await this.repository.settle(push, { reported, attempts, ...next });
  }

  private inFuture(ms: number): string {
    return new Date(this.clock.now().getTime() + ms).toISOString();
  }
}

const bindingOf = (org_id: string, invocation_id: string, push_id: string): string =>
  `push:${org_id}:${invocation_id}:${push_id}`;
