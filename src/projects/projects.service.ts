import { Injectable } from '@nestjs/common';
import type { Write } from '../platform/database/unit-of-work.js';
import { RequestContext } from '../platform/observability/request-context.js';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import type { Page } from '../shared/page.js';
import { StatisticsGauges } from '../statistics/statistics-gauges.js';
import { BuildsService } from './builds.service.js';
import {
  builtElsewhere,
  newProject,
  type Artifact,
  type NewProject,
  type Project,
  type ProjectWhole,
} from './project.js';
import { ArtifactNotFoundError, ProjectNotFoundError } from './projects.errors.js';
import { ArtifactsRepository, type ArtifactSummary } from './builds.repository.js';
import { type ProjectFilter, ProjectsRepository } from './projects.repository.js';
import { type Agent, agentIdOf } from '../agents/agent.js';
import { AgentDefinitions } from '../agents/agent-definitions.service.js';
import { AgentChangedError } from '../agents/agents.errors.js';
import { AgentsService } from '../agents/agents.service.js';
import { retryOn } from '../platform/async/retry.js';
import type { AgentDefinition } from '../runtimes/agent-definition.js';
import { type ToolOwner, ToolOwners } from '../tools/attachments/tool-attachment.service.js';

export interface NewAgentRequest {
  definition: Record<string, unknown>;
  project_id?: string | undefined;
  category?: string | undefined;
}

/** Projects: creating them, which starts their build, and reading them. */
@Injectable()
export class ProjectsService {
  constructor(
    private readonly repository: ProjectsRepository,
    private readonly artifacts: ArtifactsRepository,
    private readonly builds: BuildsService,
    private readonly gauges: StatisticsGauges,
    private readonly context: RequestContext,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly definitions: AgentDefinitions,
  ) {}

  /** Stores the project, its six stages and its build in one transaction; the build runs in the background. */
  async create(input: NewProject): Promise<ProjectWhole> {
    const at = this.clock.timestamp();
    const key_id = this.context.current()?.key_id;
    const whole = newProject(
      { ...input, key_id },
      { project_id: this.ids.next('proj'), build_id: this.ids.next('bld') },
      at,
    );
    const plan = this.builds.start(whole.project, at);
    const isBuilding = plan.status === 'building';
    const project: Project = { ...whole.project, status: plan.status, started_at: isBuilding ? at : null };
    try {
      const created = await this.repository.create(
        { ...whole, project },
        [{ event: 'progress', progress: 0, status: project.status }],
        [...plan.writes, this.gauges.adjust(input.org_id, { builds_started: 1 })],
      );
      plan.committed();
      return created;
    } catch (error) {
      plan.abandoned();
      throw error;
    }
  }

  /** Stores a project that was built elsewhere, without a build. @param names of its agents, which the caller registers next */
  async createBuilt(input: NewProject, names: readonly string[], project_id = this.newId()): Promise<Project> {
    return (await this.repository.create(this.withoutBuild(input, names, project_id), [], [])).project;
  }

  /** For a project whose id is recorded before it is created. */
  newId(): string {
    return this.ids.next('proj');
  }

  private withoutBuild(input: NewProject, names: readonly string[], project_id = this.newId()): ProjectWhole {
    const at = this.clock.timestamp();
    const agents = names.map((name) => agentIdOf(project_id, name));
    return builtElsewhere(newProject(input, { project_id, build_id: this.ids.next('bld') }, at), agents, at);
  }

  /**
   * Creates an agent from a definition, in a new project unless it joins one. One transaction.
   * @throws ProjectNotFoundError, AgentExistsError; ValidationError that names each wrong field
   */
  async createAgent(
    owner: { org_id: string; user_id: string },
    { definition: given, project_id, category }: NewAgentRequest,
  ): Promise<Agent> {
    const definition = await this.definitions.read(owner.org_id, given);
    const { agent_name, display_name: project_name, tags } = definition;
    if (project_id !== undefined) return this.joinProject(owner, project_id, definition, category);
    const requirement = definition.description || definition.role;
    const { project, stages } = this.withoutBuild({ ...owner, requirement, project_name, tags, agent_name }, [
      agent_name,
    ]);
    const where = { ...owner, project_id: project.project_id, category };
    return this.definitions.create(where, definition, this.repository.creation({ project, stages }));
  }

  private joinProject(
    owner: { org_id: string; user_id: string },
    project_id: string,
    definition: AgentDefinition,
    category: string | undefined,
  ): Promise<Agent> {
    return retryOn(AgentChangedError, async () => {
      const project = await this.get(owner.org_id, project_id);
      const agents = [...new Set([...project.agents, agentIdOf(project_id, definition.agent_name)])];
      const joined = { ...project, agents, updated_at: this.clock.timestamp() };
      const where = { ...owner, project_id, category };
      return this.definitions.create(where, definition, this.repository.change(project, { project: joined }));
    });
  }

  list(
    org_id: string,
    filter: ProjectFilter,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Project>> {
    return this.repository.list(org_id, filter, page);
  }

  /** @throws ProjectNotFoundError also when the project belongs to another organization. */
  async getWhole(org_id: string, project_id: string): Promise<ProjectWhole> {
    const whole = await this.repository.findWhole(org_id, project_id);
    if (!whole) throw new ProjectNotFoundError(project_id);
    return whole;
  }

  /** @throws ProjectNotFoundError also when the project belongs to another organization. */
  async get(org_id: string, project_id: string): Promise<Project> {
    const project = await this.repository.findById(org_id, project_id);
    if (!project) throw new ProjectNotFoundError(project_id);
    return project;
  }

  /** A condition for records under the project: it exists and is not being deleted. */
  stays(project_id: string): Write {
    return this.repository.stays(project_id);
  }

  /** Artifacts of the latest attempt only. @throws ProjectNotFoundError */
  async listArtifacts(org_id: string, project_id: string): Promise<ArtifactSummary[]> {
    const [artifacts, { stages }] = await Promise.all([
      this.artifacts.listByProject(org_id, project_id),
      this.getWhole(org_id, project_id),
    ]);
    const made = new Set(stages.flatMap((stage) => stage.artifacts));
    return artifacts.filter(({ path }) => made.has(path));
  }

  /** @throws ProjectNotFoundError, ArtifactNotFoundError */
  async getArtifact(
    org_id: string,
    project_id: string,
    path: string,
  ): Promise<Omit<Artifact, 'org_id' | 'project_id'>> {
    const [artifact, { stages }] = await Promise.all([
      this.artifacts.findByPath(org_id, project_id, path),
      this.getWhole(org_id, project_id),
    ]);
    if (!artifact || !stages.some((stage) => stage.artifacts.includes(path))) throw new ArtifactNotFoundError(path);
    const { org_id: _org, project_id: _project, ...visible } = artifact;
    return visible;
  }
}

/** Owners that may have tools: projects and agents that exist and are not being deleted. */
@Injectable()
export class ProjectToolOwners extends ToolOwners {
  constructor(
    private readonly projects: ProjectsService,
    private readonly agents: AgentsService,
  ) {
    super();
  }

  override async require(
    org_id: string,
    wanted: { project_id: string } | { agent_id: string },
  ): Promise<{ owner: ToolOwner; conditions: Write[] }> {
    if ('project_id' in wanted) {
      const { project_id } = await this.projects.get(org_id, wanted.project_id);
      return { owner: { project_id, agent_id: null }, conditions: [this.projects.stays(project_id)] };
    }
    const { project_id, agent_id } = await this.agents.get(org_id, wanted.agent_id);
    return { owner: { project_id, agent_id }, conditions: [this.agents.stays(agent_id)] };
  }
}
