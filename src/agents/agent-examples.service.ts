import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { ConflictError, NotFoundError, ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import type { Page } from '../shared/page.js';
import { type AgentExample, EXAMPLES_MAX, faultOfCheck } from './agent-example.js';
import { AgentExamplesRepository } from './agent-examples.repository.js';
import { AgentsService } from './agents.service.js';

/** What people save of conversations: a build that changes the agent runs these examples beside its own, and fails with them. */
@Injectable()
export class AgentExamples {
  constructor(
    private readonly repository: AgentExamplesRepository,
    private readonly agents: AgentsService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws AgentNotFoundError; ValidationError for a check that cannot be made; ConflictError when the agent has 20 */
  async save(
    { org_id, user_id }: { org_id: string; user_id: string },
    agent_id: string,
    { input, checks, invocation_id }: Pick<AgentExample, 'input' | 'checks' | 'invocation_id'>,
  ): Promise<AgentExample> {
    for (const [index, check] of checks.entries()) {
      const fault = faultOfCheck(check);
      if (fault !== undefined) throw ValidationError.field(`checks.${index}.value`, fault);
    }
    if ((await this.all(org_id, agent_id)).length >= EXAMPLES_MAX)
      throw new ConflictError(`The agent already has the maximum of ${EXAMPLES_MAX} examples`, {
        details: { agent_id, limit: EXAMPLES_MAX },
        suggestion: 'Delete an example first. Every build runs all of them.',
      });
    const example = { agent_id, org_id, input, checks, invocation_id, created_by: user_id };
    const saved = { example_id: this.ids.next('ex'), ...example, created_at: this.clock.timestamp() };
    await this.repository.create(saved, this.agents.stays(agent_id));
    return saved;
  }

  /** Oldest first. @throws AgentNotFoundError */
  async list(
    org_id: string,
    agent_id: string,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<AgentExample>> {
    await this.agents.get(org_id, agent_id);
    return this.repository.list({ org_id, agent_id }, page);
  }

  /** All of them, for a build. @throws AgentNotFoundError */
  async all(org_id: string, agent_id: string): Promise<AgentExample[]> {
    return (await this.list(org_id, agent_id, { limit: EXAMPLES_MAX })).items;
  }

  /** @throws AgentNotFoundError, NotFoundError */
  async delete(org_id: string, agent_id: string, example_id: string): Promise<void> {
    await this.agents.get(org_id, agent_id);
    if (!(await this.repository.delete(agent_id, example_id)))
      throw new NotFoundError('Example', example_id, { details: { agent_id } });
  }
}
