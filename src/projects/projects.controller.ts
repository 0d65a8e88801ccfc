import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../identity/principal.js';
import { AgentViewService } from '../agents/agent-view.service.js';
import { CreateAgentDto } from '../agents/dto/agent-definition.dto.js';
import { AgentDto } from '../agents/dto/agent.dto.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { ModelsService } from '../models/models.service.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { Clock } from '../shared/clock.js';
import {
  ControlProjectDto,
  ControlResultDto,
  CreateProjectDto,
  ListProjectsQuery,
  ReviseProjectDto,
} from './dto/create-project.dto.js';
import { DeletedProjectDto, ProjectDto, ProjectListDto } from './dto/project.dto.js';
import { visibleStatus } from './project.js';
import { ProjectControlService } from './project-control.service.js';
import { ProjectDeletionService } from './project-deletion.service.js';
import { projectSummary, projectView } from './project-view.js';
import { ProjectsService } from './projects.service.js';

@ApiTags('projects')
@Access('viewer')
@Controller('projects')
export class ProjectsController {
  constructor(
    private readonly projects: ProjectsService,
    private readonly controls: ProjectControlService,
    private readonly deletions: ProjectDeletionService,
    private readonly models: ModelsService,
    private readonly clock: Clock,
  ) {}

  /** Stores the requirement and starts its build, which runs in the background: watch it by `GET /projects/{project_id}/events`. */
  @Post()
  @Audited({ action: 'project.created', made: 'project_id' })
  @Access('developer')
  @ApiOperation({
    summary: 'Create a project and start its build',
    operationId: 'createProject',
    description:
      'Builds an agent from a requirement in six stages. Watch the build with `GET /projects/{project_id}/events`. The build fails if its acceptance examples prove none of the functional requirements, unless `accept_unproven` is true.',
  })
  @ApiData(ProjectDto, {
    status: 201,
    description: 'The project. Its status is `pending` while it waits for a build slot.',
  })
  @ApiErrors(400, 409, 413, 422)
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreateProjectDto): Promise<ProjectDto> {
    const { org_id } = principal;
    if (body.model_id !== undefined) this.models.describe(body.model_id);
    const whole = await this.projects.create({
      ...body,
      agent_name_map: { ...body.agent_name_map },
      org_id,
      user_id: body.user_id ?? principal.user_id,
    });
    return projectView(whole, this.clock.now());
  }

  /** Newest first. Filters may be combined. */
  @Get()
  @ApiOperation({
    summary: 'List projects',
    operationId: 'listProjects',
    description: 'Lists projects. You can filter by status and user, and search names and requirements.',
  })
  @ApiData(ProjectListDto, { description: 'One page of projects, newest first.' })
  @ApiErrors(400)
  async list(@CurrentPrincipal() { org_id }: Principal, @Query() query: ListProjectsQuery): Promise<ProjectListDto> {
    const { items, last_key } = await this.projects.list(org_id, query, query);
    return {
      projects: items.map((project) => projectSummary(project, this.clock.now())),
      total: items.length,
      last_key,
    };
  }

  /** The project with its stages. */
  @Get(':project_id')
  @ApiOperation({
    summary: 'Get a project',
    operationId: 'getProject',
    description:
      "Returns the project's status, progress, requirement coverage and agents, and the error of a failed build.",
  })
  @ApiData(ProjectDto, { description: 'The project.' })
  @ApiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('project_id') project_id: string): Promise<ProjectDto> {
    return projectView(await this.projects.getWhole(org_id, project_id), this.clock.now());
  }

  /** A pause takes effect when the running step has ended; until then the project is `pausing`. */
  @Put(':project_id/control')
  @Audited({ action: 'project.control', target: 'project_id', details: ['action'] })
  @Access('developer')
  @ApiOperation({
    summary: 'Pause, resume, stop or restart a build',
    operationId: 'controlProject',
    description:
      '`pause` takes effect after the current step. `resume` continues a paused build. `stop` ends the build as failed. `restart` reruns a completed build from the start and keeps the completed stages of a failed one; `from_scratch` reruns all stages, `from_stage` reruns that stage and those after it.',
  })
  @ApiData(ControlResultDto, { description: 'The state after the action.' })
  @ApiErrors(400, 404, 409)
  async control(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
    @Body() body: ControlProjectDto,
  ): Promise<ControlResultDto> {
    const project = await this.controls.control(org_id, project_id, body);
    const { attempt, updated_at, control_reason } = project;
    return {
      project_id,
      action: body.action,
      status: visibleStatus(project),
      reason: control_reason,
      attempt,
      updated_at,
    };
  }

  /**
   * Starts a build of the change, with the present design as its input. The agent serves its present version until the build
   * has completed, and then gets the next one. What was edited by hand stays, unless the change is about it. A failed build
   * changes nothing: restart it, or revise again.
   */
  @Post(':project_id/revise')
  @HttpCode(202)
  @Audited({ action: 'project.revised', target: 'project_id' })
  @Access('developer')
  @ApiOperation({
    summary: "Revise a project's agent",
    operationId: 'reviseProject',
    description:
      'Rebuilds the agent from its current definition and your change. The current version keeps answering until the build completes. A failed build changes nothing. At most 20 changes per project.',
  })
  @ApiData(ProjectDto, { status: 202, description: 'The project with its new attempt.' })
  @ApiErrors(400, 404, 409, 422)
  async revise(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
    @Body() body: ReviseProjectDto,
  ): Promise<ProjectDto> {
    return projectView(await this.controls.revise(org_id, project_id, body), this.clock.now());
  }

  /** Deletes the project with its agents, their deployments, invocations, sessions, messages and artifacts. Statistics of the past stay. */
  @Delete(':project_id')
  @Audited({ action: 'project.deleted', target: 'project_id' })
  @Access('developer')
  @ApiOperation({
    summary: 'Delete a project and all its data',
    operationId: 'deleteProject',
    description:
      'Stops the build and deletes the project with its stages, artifacts, agents and their conversations. Statistics are kept. This cannot be undone.',
  })
  @ApiData(DeletedProjectDto, { description: 'Number of deleted records.' })
  @ApiErrors(404, 502, 504)
  async delete(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
  ): Promise<DeletedProjectDto> {
    return { deleted: await this.deletions.delete(org_id, project_id) };
  }
}

/** The creation of agents stands here and not with the other routes of agents, because it creates their project too. */
@ApiTags('agents')
@Access('developer')
@Controller('agents')
export class AgentCreationController {
  constructor(
    private readonly projects: ProjectsService,
    private readonly views: AgentViewService,
  ) {}

  /**
   * Creates an agent without a build. It runs at once, on the `local` runtime. No build has proven it, so its coverage is
   * null. `POST /projects/{project_id}/revise` builds changes of it.
   */
  @Post()
  @TakesBody('document')
  @Audited({ action: 'agent.created', made: 'agent_id' })
  @ApiOperation({
    summary: 'Create an agent from a definition',
    operationId: 'createAgent',
    description:
      'Creates an agent without a build, from a definition: prompt, tools, model and knowledge. It can be invoked immediately, as version v1.0.0. No acceptance examples are run, so its `coverage` is null.',
  })
  @ApiData(AgentDto, { status: 201, description: 'The agent.' })
  @ApiErrors(400, 404, 409, 413, 422)
  async create(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Body() { definition, project_id, category }: CreateAgentDto,
  ): Promise<AgentDto> {
    const asked = { definition: { ...definition }, project_id, category };
    return this.views.one(await this.projects.createAgent({ org_id, user_id }, asked));
  }
}
