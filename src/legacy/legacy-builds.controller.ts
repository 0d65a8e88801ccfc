import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../identity/principal.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { Clock } from '../shared/clock.js';
import { ControlResultDto } from '../projects/dto/create-project.dto.js';
import { type ControlAction, visibleStatus } from '../projects/project.js';
import { ProjectControlService } from '../projects/project-control.service.js';
import { projectView } from '../projects/project-view.js';
import { ProjectsService } from '../projects/projects.service.js';
import {
  LegacyControlDto,
  LegacyCreateAgentDto,
  LegacyCreatedDto,
  LegacyStagesDto,
  LegacyTaskDto,
} from './dto/legacy.dto.js';

/** Older names of what `projects` does now. A task's id is its project's id. */
@ApiTags('older routes')
@Access('viewer')
@Controller()
export class LegacyBuildsController {
  constructor(
    private readonly projects: ProjectsService,
    private readonly controls: ProjectControlService,
    private readonly clock: Clock,
  ) {}

  @Post('agents/create')
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Use POST /projects',
    operationId: 'legacyCreateAgent',
    description: 'Starts a build as `POST /projects` does, and returns the response in its older form.',
    deprecated: true,
  })
  @ApiData(LegacyCreatedDto, { description: 'The project in its older form, a task.' })
  @ApiErrors(400, 409, 413, 422)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: LegacyCreateAgentDto,
  ): Promise<LegacyCreatedDto> {
    const { project } = await this.projects.create({
      ...body,
      org_id: principal.org_id,
      user_id: body.user_id ?? principal.user_id,
    });
    const { project_id, status, project_name, agent_name } = project;
    const message = status === 'building' ? 'The build has started' : 'The build waits for a free slot';
    return {
      task_id: project_id,
      session_id: project_id,
      project_id,
      agent_name: agent_name ?? project_name,
      status,
      message,
    };
  }

  // The parameter has the name that PUT on the same path has: OpenAPI knows a path by one name only.
  @Get('agents/:agent_id/status')
  @ApiParam({ name: 'agent_id', type: String, description: "The task's id, which is the id of its project." })
  @ApiOperation({
    summary: 'Use GET /projects/{project_id}',
    operationId: 'legacyGetAgentTask',
    description: 'Returns the build as a task, the older form of a project.',
    deprecated: true,
  })
  @ApiData(LegacyTaskDto, { description: 'The build, as a task.' })
  @ApiErrors(404)
  task(@CurrentPrincipal() principal: Principal, @Param('agent_id') task_id: string): Promise<LegacyTaskDto> {
    return this.taskOf(principal, task_id);
  }

  @Get('tasks/:task_id')
  @ApiOperation({
    summary: 'Use GET /projects/{project_id}',
    operationId: 'legacyGetTask',
    description: 'Returns the build as a task. The id of a task is the id of its project.',
    deprecated: true,
  })
  @ApiData(LegacyTaskDto, { description: 'The build, as a task.' })
  @ApiErrors(404)
  taskById(@CurrentPrincipal() principal: Principal, @Param('task_id') task_id: string): Promise<LegacyTaskDto> {
    return this.taskOf(principal, task_id);
  }

  @Get('agents/:project_id/stages')
  @ApiOperation({
    summary: 'Use GET /projects/{project_id}/stages',
    operationId: 'legacyListStages',
    description: 'Lists the six stages of a build in their older form.',
    deprecated: true,
  })
  @ApiData(LegacyStagesDto, { description: 'Six stages in order.' })
  @ApiErrors(404)
  async stages(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
  ): Promise<LegacyStagesDto> {
    const { project, stages } = await this.projects.getWhole(org_id, project_id);
    return {
      project_id,
      total_stages: stages.length,
      completed_stages: stages.filter(({ status }) => status === 'completed').length,
      stages: stages.map(
        ({ stage_name, display_name, stage_number, status, started_at, completed_at, error_message }) => ({
          name: stage_name,
          display_name,
          order: stage_number,
          status,
          started_at,
          completed_at,
          error: error_message,
        }),
      ),
      overall_progress: project.progress,
    };
  }

  @Post('agents/:project_id/pause')
  @Audited({ action: 'project.control', target: 'project_id', note: { action: 'pause' } })
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Use PUT /projects/{project_id}/control',
    operationId: 'legacyPause',
    description: 'Pauses the build after its current step.',
    deprecated: true,
  })
  @ApiData(ControlResultDto, { description: 'The state after the action.' })
  @ApiErrors(400, 404, 409, 422)
  pause(
    @CurrentPrincipal() principal: Principal,
    @Param('project_id') project_id: string,
    @Body() body: LegacyControlDto,
  ): Promise<ControlResultDto> {
    return this.control(principal, project_id, 'pause', body);
  }

  @Post('agents/:project_id/resume')
  @Audited({ action: 'project.control', target: 'project_id', note: { action: 'resume' } })
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Use PUT /projects/{project_id}/control',
    operationId: 'legacyResume',
    description: 'Resumes a paused build.',
    deprecated: true,
  })
  @ApiData(ControlResultDto, { description: 'The state after the action.' })
  @ApiErrors(400, 404, 409, 422)
  resume(
    @CurrentPrincipal() principal: Principal,
    @Param('project_id') project_id: string,
    @Body() body: LegacyControlDto,
  ): Promise<ControlResultDto> {
    return this.control(principal, project_id, 'resume', body);
  }

  @Post('agents/:project_id/stop')
  @Audited({ action: 'project.control', target: 'project_id', note: { action: 'stop' } })
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Use PUT /projects/{project_id}/control',
    operationId: 'legacyStop',
    description: 'Stops the build. Its status becomes `failed`, and it can be restarted.',
    deprecated: true,
  })
  @ApiData(ControlResultDto, { description: 'The state after the action.' })
  @ApiErrors(400, 404, 409, 422)
  stop(
    @CurrentPrincipal() principal: Principal,
    @Param('project_id') project_id: string,
    @Body() body: LegacyControlDto,
  ): Promise<ControlResultDto> {
    return this.control(principal, project_id, 'stop', body);
  }

  @Post('agents/:project_id/restart')
  @Audited({ action: 'project.control', target: 'project_id', note: { action: 'restart' } })
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Use PUT /projects/{project_id}/control',
    operationId: 'legacyRestart',
    description: 'Restarts a failed, stopped or completed build.',
    deprecated: true,
  })
  @ApiData(ControlResultDto, { description: 'The state after the action.' })
  @ApiErrors(400, 404, 409, 422)
  restart(
    @CurrentPrincipal() principal: Principal,
    @Param('project_id') project_id: string,
    @Body() body: LegacyControlDto,
  ): Promise<ControlResultDto> {
    return this.control(principal, project_id, 'restart', body);
  }

  private async control(
    { org_id }: Principal,
    project_id: string,
    action: ControlAction,
    body: LegacyControlDto | undefined,
  ): Promise<ControlResultDto> {
    const project = await this.controls.control(org_id, project_id, { action, reason: body?.reason });
    const { control_reason, attempt, updated_at } = project;
    return { project_id, action, status: visibleStatus(project), reason: control_reason, attempt, updated_at };
  }

  private async taskOf({ org_id }: Principal, task_id: string): Promise<LegacyTaskDto> {
    const project = projectView(await this.projects.getWhole(org_id, task_id), this.clock.now());
    const { project_id, status, progress_percentage, stages_snapshot, agents, error_info, completed_at } = project;
    return {
      task_id,
      status: legacyTaskStatus(status),
      result: { project_id, project_status: status, progress_percentage, stages_snapshot, agents },
      error: error_info?.message ?? null,
      date_done: completed_at,
    };
  }
}

/** The status of a project in the words of the older task queue. */
function legacyTaskStatus(status: string): LegacyTaskDto['status'] {
  switch (status) {
    case 'completed':
      return 'success';
    case 'failed':
      return 'failure';
    case 'pending':
      return 'pending';
    default:
      return 'started';
  }
}
