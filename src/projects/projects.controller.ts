import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../identity/principal.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { ModelsService } from '../models/models.service.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { Clock } from '../shared/clock.js';
import { ControlProjectDto, ControlResultDto, CreateProjectDto, ListProjectsQuery } from './dto/create-project.dto.js';
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
  @ApiOperation({ summary: 'Create a project and start its build', operationId: 'createProject' })
  @ApiData(ProjectDto, { status: 201, description: 'The project; `pending` when it waits for a free build slot.' })
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
  @ApiOperation({ summary: 'List projects', operationId: 'listProjects' })
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
  @ApiOperation({ summary: 'Get a project', operationId: 'getProject' })
  @ApiData(ProjectDto, { description: 'The project.' })
  @ApiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('project_id') project_id: string): Promise<ProjectDto> {
    return projectView(await this.projects.getWhole(org_id, project_id), this.clock.now());
  }

  /** A pause takes effect when the running step has ended; until then the project is `pausing`. */
  @Put(':project_id/control')
  @Audited({ action: 'project.control', target: 'project_id', details: ['action'] })
  @Access('developer')
  @ApiOperation({ summary: 'Pause, resume, stop or restart a build', operationId: 'controlProject' })
  @ApiData(ControlResultDto, { description: 'The state after the control.' })
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

  /** Deletes the project with its agents, their deployments, invocations, sessions, messages and artifacts. Statistics of the past stay. */
  @Delete(':project_id')
  @Audited({ action: 'project.deleted', target: 'project_id' })
  @Access('developer')
  @ApiOperation({ summary: 'Delete a project and everything in it', operationId: 'deleteProject' })
  @ApiData(DeletedProjectDto, { description: 'Number of deleted records.' })
  @ApiErrors(404)
  async delete(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
  ): Promise<DeletedProjectDto> {
    return { deleted: await this.deletions.delete(org_id, project_id) };
  }
}
