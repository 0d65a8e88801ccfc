import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { decodeTime, isValid } from 'ulid';
import { Settings } from '../platform/config/settings.js';
import { Clock } from '../shared/clock.js';
import type { Page } from '../shared/page.js';
import { InvocationNotFoundError } from './agents.errors.js';
import { AgentsService } from './agents.service.js';
import { beginningOf, type Invocation } from './invocation.js';
import { InvocationsRepository } from './invocations.repository.js';

/** A run is recorded at the latest 250 ms after it began; its id says when that was. */
const RECORDED_WITHIN_MS = 1_000;
const STARTING_POLL_MS = 50;
/** Later than any timestamp of this platform. */
const END_OF_TIME = '9999';

/** Reading the records of runs, and ending those whose process died. */
@Injectable()
export class InvocationsService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(InvocationsService.name);
  private sweep: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: InvocationsRepository,
    private readonly agents: AgentsService,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    const onlyThisProcessRunsAgents = this.settings.get('NEXUS_DATABASE') === 'embedded';
    void this.endInterrupted(onlyThisProcessRunsAgents ? END_OF_TIME : this.clock.timestamp());
    this.sweep = setInterval(() => void this.endInterrupted(this.clock.timestamp()), this.sweep_ms).unref();
  }

  private get sweep_ms(): number {
    return this.settings.get('RUN_SWEEP_SECONDS') * 1000;
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.sweep);
  }

  /** @throws InvocationNotFoundError also when it belongs to another organisation. */
  async get(org_id: string, invocation_id: string): Promise<Invocation> {
    const invocation = await this.repository.findById(org_id, invocation_id);
    if (!invocation) throw new InvocationNotFoundError(invocation_id);
    return invocation;
  }

  /** As `get`, but waits for the record of a run that began within the last second. @throws InvocationNotFoundError */
  async getStarted(org_id: string, invocation_id: string): Promise<Invocation> {
    for (;;) {
      const invocation = await this.repository.findById(org_id, invocation_id);
      if (invocation) return invocation;
      if (!this.mayBeStarting(invocation_id)) throw new InvocationNotFoundError(invocation_id);
      await delay(STARTING_POLL_MS);
    }
  }

  /** @throws AgentNotFoundError */
  async listByAgent(
    org_id: string,
    agent_id: string,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Invocation>> {
    const [invocations] = await Promise.all([
      this.repository.listByAgent(org_id, agent_id, page),
      this.agents.get(org_id, agent_id),
    ]);
    return invocations;
  }

  /** The ended run that answered this session id although it had no session: what the conversation begins with. */
  async findBeginning(org_id: string, session_id: string): Promise<Invocation | undefined> {
    const run = await this.repository.findById(org_id, beginningOf(session_id));
    const canBegin = run?.session_id === session_id && run.status !== 'running' && !run.session_deleted;
    return canBegin ? run : undefined;
  }

  /** The run's conversation was deleted, so it must not begin again. Nothing happens when no run began it. */
  async forgetBeginning(session_id: string): Promise<void> {
    await this.repository.forgetSession(beginningOf(session_id), session_id);
  }

  private mayBeStarting(invocation_id: string): boolean {
    const ulid = invocation_id.replace(/^inv_/, '');
    return isValid(ulid) && Math.abs(this.clock.now().getTime() - decodeTime(ulid)) < RECORDED_WITHIN_MS;
  }

  private async endInterrupted(before: string): Promise<void> {
    try {
      for await (const invocation_id of this.repository.listRunning(before))
        await this.repository.interrupt(invocation_id, this.clock.timestamp(), before);
    } catch (error) {
      this.logger.warn({ msg: 'interrupted runs could not be ended, the next sweep tries again', err: error });
    }
  }
}
