import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../shared/domain-error.js';
import type { Page } from '../../shared/page.js';
import { FlowsService } from '../flows.service.js';
import type { PageWish } from '../flows.repository.js';
import type { FlowRun } from './flow-run.js';
import { FlowRunStarts } from './flow-run-starts.service.js';
import { FlowRunsService } from './flow-runs.service.js';
import { type DeadLetter, DeadLettersRepository } from './dead-letters.repository.js';

/** Runs that failed for good: looked through, run again from their input, or given up. */
@Injectable()
export class DeadLettersService {
  constructor(
    private readonly repository: DeadLettersRepository,
    private readonly flows: FlowsService,
    private readonly runs: FlowRunsService,
    private readonly starts: FlowRunStarts,
  ) {}

  /** @throws FlowNotFoundError */
  async list(org_id: string, flow_id: string, page: PageWish): Promise<Page<DeadLetter>> {
    await this.flows.get(org_id, flow_id);
    return this.repository.list(org_id, flow_id, page);
  }

  /**
   * Starts a new run of the newest version with the same input. The dead letter goes in the same transaction, so it is
   * replayed once.
   * @throws NotFoundError, FlowNotPublishedError
   */
  async replay({ org_id, user_id }: { org_id: string; user_id: string }, dead_letter_id: string): Promise<FlowRun> {
    const letter = await this.get(org_id, dead_letter_id);
    const { input } = await this.runs.get(org_id, letter.run_id);
    const wish = {
      ...{ org_id, user_id, flow_id: letter.flow_id, input: input as Record<string, unknown> },
      trigger: { kind: 'replay' as const, id: dead_letter_id },
    };
    const { run } = await this.starts.start(
      wish,
      this.repository.deletions(letter, () => missing(dead_letter_id)),
    );
    return run;
  }

  /** @throws NotFoundError */
  async delete(org_id: string, dead_letter_id: string): Promise<void> {
    await this.repository.delete(await this.get(org_id, dead_letter_id), () => missing(dead_letter_id));
  }

  private async get(org_id: string, dead_letter_id: string): Promise<DeadLetter> {
    const letter = await this.repository.find(org_id, dead_letter_id);
    if (!letter) throw missing(dead_letter_id);
    return letter;
  }
}

const missing = (dead_letter_id: string): NotFoundError => new NotFoundError('Dead letter', dead_letter_id);
