import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { BudgetsService } from '../budgets/budgets.service.js';
import { AgentDeletionService } from '../agents/agent-deletion.service.js';
import type { Agent } from '../agents/agent.js';
import { retryOn } from '../platform/async/retry.js';
import { Clock } from '../shared/clock.js';
import { AttachedToolStore } from '../tools/attachments/attached-tool-store.js';
import { ArtifactsRepository } from './builds.repository.js';
import { BuildsService } from './builds.service.js';
import type { Project } from './project.js';
import { ProjectDeletionRepository } from './project-deletion.repository.js';
import { ProjectsRepository } from './projects.repository.js';
import { ProjectChangedError, ProjectNotFoundError } from './projects.errors.js';
import type { DeletedCountsDto } from './dto/project.dto.js';

/**
 * Deletes a project with everything under it. First the project is marked, which stops its build and makes it 404 for
 * everyone; then its children are deleted, then its own items, the `PROJECT` item last. The next start finds interrupted deletions by
 * that mark and continues them.
 */
@Injectable()
export class ProjectDeletionService implements OnApplicationBootstrap {
  private readonly logger = new Logger(ProjectDeletionService.name);

  constructor(
    private readonly repository: ProjectDeletionRepository,
    private readonly artifacts: ArtifactsRepository,
    private readonly tools: AttachedToolStore,
    private readonly agents: AgentDeletionService,
    private readonly builds: BuildsService,
    private readonly clock: Clock,
    private readonly projects: ProjectsRepository,
    private readonly budgets: BudgetsService,
  ) {
    agents.register({ deleteByAgent: (agent) => this.forgetAgent(agent) });
  }

  onApplicationBootstrap(): void {
    this.finishInterrupted().catch((error: unknown) => {
      this.logger.error({
        msg: 'interrupted deletions could not be resumed; the next start retries',
        err: error,
      });
    });
  }

  /** @throws ProjectNotFoundError also for a second deletion of the same project. */
  async delete(org_id: string, project_id: string): Promise<DeletedCountsDto> {
    await this.mark(org_id, project_id);
    return this.finish(org_id, project_id);
  }

  /** Every project of an organization, also those whose deletion was interrupted: when it resolves, none of them writes. */
  async deleteByOrg(org_id: string): Promise<void> {
    for await (const project_id of this.repository.idsByOrg(org_id))
      await this.delete(org_id, project_id).catch((error: unknown) => {
        if (!(error instanceof ProjectNotFoundError)) throw error;
      });
    for await (const marked of this.repository.marked())
      if (marked.org_id === org_id) await this.finish(org_id, marked.project_id);
  }

  /** Removes a deleted agent from its project, unless the project itself is being deleted. */
  private async forgetAgent({
    org_id,
    project_id,
    agent_id,
  }: Pick<Agent, 'org_id' | 'project_id' | 'agent_id'>): Promise<Partial<DeletedCountsDto>> {
    return retryOn(ProjectChangedError, async () => {
      const project = await this.projects.findById(org_id, project_id);
      if (!project?.agents.includes(agent_id)) return {};
      const agents = project.agents.filter((id) => id !== agent_id);
      await this.projects.save(project, { project: { ...project, agents, updated_at: this.clock.timestamp() } });
      return {};
    });
  }

  private async mark(org_id: string, project_id: string): Promise<void> {
    return retryOn(ProjectChangedError, async () => {
      const project = await this.repository.findById(org_id, project_id);
      if (!project) throw new ProjectNotFoundError(project_id);
      const at = this.clock.timestamp();
      const end = isUnfinished(project) ? this.builds.abandon(project, at) : undefined;
      await this.repository.mark(project, at, end?.writes ?? []);
      end?.committed();
    });
  }

  private async finish(org_id: string, project_id: string): Promise<DeletedCountsDto> {
    const [children, artifacts] = await Promise.all([
      this.agents.deleteByProject(org_id, project_id),
      this.artifacts.deleteByProject(org_id, project_id),
    ]);
    await this.tools.deleteByProject(org_id, project_id);
    await this.builds.deleteByProject(project_id);
    await this.budgets.forget(org_id, 'project', project_id);
    await this.repository.deleteItems(project_id);
    return { ...children, artifacts };
  }

  private async finishInterrupted(): Promise<void> {
    for await (const { org_id, project_id } of this.repository.marked()) await this.finish(org_id, project_id);
  }
}

function isUnfinished(project: Project): boolean {
  return project.status === 'pending' || project.status === 'building' || project.status === 'paused';
}
