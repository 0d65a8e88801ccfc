import { Controller, Get, Headers, Param, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Principal } from '../identity/principal.js';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { sendEventStream, type StreamEvent, StreamsEvents } from '../platform/http/event-stream.js';
import { NotFoundError, ValidationError } from '../shared/domain-error.js';
import { BuildDashboardService } from './build-dashboard.service.js';
import { ArtifactDto, ArtifactListDto, BuildDashboardDto } from './dto/build-dashboard.dto.js';
import { StageDto, StageListDto } from './dto/project.dto.js';
import type { ProjectEvent } from './project.js';
import { ProjectEventsService } from './project-progress.service.js';
import { stageView } from './project-view.js';
import { ProjectsService } from './projects.service.js';

@ApiTags('projects')
@Access('viewer')
@Controller('projects/:project_id')
export class ProjectBuildController {
  constructor(
    private readonly projects: ProjectsService,
    private readonly events: ProjectEventsService,
    private readonly dashboard: BuildDashboardService,
  ) {}

  /** The six stages in order. */
  @Get('stages')
  @ApiOperation({
    summary: "List a project's stages",
    operationId: 'listProjectStages',
    description: 'Lists the six stages with their status, progress and duration.',
  })
  @ApiData(StageListDto, { description: 'Six stages in order.' })
  @ApiErrors(404)
  async listStages(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
  ): Promise<StageListDto> {
    const { stages } = await this.projects.getWhole(org_id, project_id);
    return { project_id, total_stages: stages.length, stages: stages.map(stageView) };
  }

  /** One stage with its log and its output. */
  @Get('stages/:stage_name')
  @ApiOperation({
    summary: 'Get a stage with its log',
    operationId: 'getProjectStage',
    description: 'Returns a stage with its log, sub-stages and artifacts.',
  })
  @ApiData(StageDto, { description: 'The stage.' })
  @ApiErrors(404)
  async getStage(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
    @Param('stage_name') stage_name: string,
  ): Promise<StageDto> {
    const { stages } = await this.projects.getWhole(org_id, project_id);
    const stage = stages.find((one) => one.stage_name === stage_name);
    if (!stage)
      throw new NotFoundError('Stage', stage_name, { details: { stages: stages.map((one) => one.stage_name) } });
    return { ...stageView(stage), logs: await this.events.logs(project_id, stage.stage_name) };
  }

  /** Durations, tokens and tool calls by stage, the resources made, alerts, and the workflow as a graph. */
  @Get('build')
  @ApiOperation({
    summary: "Get a project's build dashboard",
    operationId: 'getProjectBuild',
    description:
      'Returns, in one response, everything that a build page shows: status, stages, tokens, cost, coverage, resources, alerts and the workflow graph.',
  })
  @ApiData(BuildDashboardDto, { description: 'The dashboard.' })
  @ApiErrors(404)
  build(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
  ): Promise<BuildDashboardDto> {
    return this.dashboard.of(org_id, project_id);
  }

  /** Everything that the stages produced, without contents. */
  @Get('artifacts')
  @ApiOperation({
    summary: "List a project's artifacts",
    operationId: 'listProjectArtifacts',
    description:
      'Lists the files that the latest build wrote: documents, prompts, tools, the agent definition and, under `export/`, a small server that calls the agent.',
  })
  @ApiData(ArtifactListDto, { description: 'The artifacts, ordered by path.' })
  @ApiErrors(404)
  async listArtifacts(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
  ): Promise<ArtifactListDto> {
    const artifacts = await this.projects.listArtifacts(org_id, project_id);
    return { artifacts, total: artifacts.length, last_key: null };
  }

  /** One artifact with its content, for example `requirements.md` or `tools/calculator.json`. */
  @Get('artifacts/*path')
  @ApiParam({
    name: 'path',
    type: String,
    description: 'Path of the artifact. May contain slashes.',
    example: 'requirements.md',
  })
  @ApiOperation({
    summary: 'Get an artifact',
    operationId: 'getProjectArtifact',
    description: 'Returns the content of one artifact, as text in JSON.',
  })
  @ApiData(ArtifactDto, { description: 'The artifact.' })
  @ApiErrors(404)
  getArtifact(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
    @Param('path') path: string | string[],
  ): Promise<ArtifactDto> {
    return this.projects.getArtifact(org_id, project_id, Array.isArray(path) ? path.join('/') : path);
  }

  /** Server-Sent Events of the build: `stage`, `progress`, `log` and at the end `done`. Ids grow by one; `Last-Event-ID` resumes. */
  @Get('events')
  @StreamsEvents('browsers')
  @ApiOperation({
    summary: 'Watch a build',
    operationId: 'streamProjectEvents',
    description:
      'Server-Sent Events `stage`, `log`, `progress` and, at the end, `done`. Resumable with `Last-Event-ID`.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Id of the last event received. The stream resumes after it.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'Events until the build has ended.', schema: { type: 'string' } })
  @ApiErrors(400, 404)
  async streamEvents(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('project_id') project_id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const position = lastEventId === undefined || lastEventId === '' ? 0 : Number(lastEventId);
    if (!Number.isSafeInteger(position) || position < 0)
      throw ValidationError.field('Last-Event-ID', 'must be the id of an event');
    await this.projects.get(org_id, project_id);
    await sendEventStream(response, numbered(this.events.stream(org_id, project_id, position)));
  }
}

async function* numbered(events: AsyncIterable<ProjectEvent>): AsyncGenerator<StreamEvent> {
  for await (const event of events) yield { id: String(event.seq), event: event.event, data: eventData(event) };
}

/** The event without the keys of its item. */
function eventData(event: ProjectEvent): Record<string, unknown> {
  const { seq: _seq, event: _event, item: _item, ...data } = event as ProjectEvent & { item?: string };
  return data;
}
