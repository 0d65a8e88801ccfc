import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  ParseIntPipe,
  Post,
  Put,
  Query,
  Req,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { raw } from 'body-parser';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import { PayloadTooLargeError, ValidationError, NotFoundError } from '../shared/domain-error.js';
import { DefinitionWorkers } from './definition/definition-workers.js';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { PageQuery } from '../platform/http/page.dto.js';
import { type Fault, checkDefinition } from './definition/definition-check.js';
import {
  CreateFlowDto,
  DraftFlowDto,
  FlowDraftDto,
  FlowDto,
  FlowListDto,
  FlowValidationDto,
  FlowVersionDto,
  FlowVersionListDto,
  ListFlowsQuery,
  UpdateFlowDto,
  ValidateFlowDto,
} from './flow.dto.js';
import type { CheckedFlow, Flow, FlowVersion } from './flow.js';
import { FlowDrafts } from './flow-drafts.service.js';
import { FlowsService } from './flows.service.js';
import { TriggersService } from './triggers/triggers.service.js';

const YAML_TYPE = /^(?:application|text)\/(?:x-)?yaml *(?:;|$)/i;
const YAML_MAX_BYTES = 400_000;

/** Reads a body of the type `application/yaml` as the JSON that it means. Other bodies are read before. */
@Injectable()
class YamlBodyInterceptor implements NestInterceptor {
  private readonly reader = raw({ type: () => true, limit: YAML_MAX_BYTES });

  constructor(private readonly workers: DefinitionWorkers) {}

  /** @throws ValidationError, PayloadTooLargeError, RateLimitedError */
  async intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = execution.switchToHttp();
    const request = http.getRequest<Request>();
    if (!YAML_TYPE.test(request.headers['content-type'] ?? '')) return next.handle();
    const bytes = await this.read(request, http.getResponse<Response>());
    const document = await this.workers.readYaml(request.principal?.org_id ?? '', bytes.toString('utf8'));
    if (typeof document !== 'object' || document === null || Array.isArray(document))
      throw ValidationError.field('body', 'must be a YAML document with fields, such as "name: Refund"');
    request.body = document;
    return next.handle();
  }

  private read(request: Request, response: Response): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.reader(request, response, (error?: unknown) => {
        const { type } = (error ?? {}) as { type?: string };
        if (type === 'entity.too.large') reject(new PayloadTooLargeError(YAML_MAX_BYTES));
        else if (error instanceof Error) reject(ValidationError.field('body', `could not be read: ${error.message}`));
        else resolve(request.body as Buffer);
      });
    });
  }
}

const FORMS = ['application/json', 'application/yaml'] as const;
const AS_YAML = {
  'application/yaml': {
    schema: {
      type: 'string' as const,
      description: 'YAML with `name`, `description`, `revision` and `definition`, without the envelope.',
    },
  },
};

@ApiTags('flows')
@Access('viewer')
@Controller('flows')
@UseInterceptors(YamlBodyInterceptor)
export class FlowsController {
  constructor(
    private readonly flows: FlowsService,
    private readonly triggers: TriggersService,
    private readonly drafts: FlowDrafts,
  ) {}

  /** The draft may have faults; they are answered with it. The body may be YAML (`application/yaml`). */
  @Post()
  @Access('developer')
  @TakesBody('document')
  @Audited({ action: 'flow.created', made: 'flow_id' })
  @ApiOperation({
    summary: 'Create a flow',
    operationId: 'createFlow',
    description:
      'Stores a definition as a draft. A draft can have faults, which the response lists; a flow with faults cannot be published.',
  })
  @ApiData(FlowDto, { status: 201, description: 'The draft.' })
  @ApiErrors(400, 413)
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreateFlowDto): Promise<FlowDto> {
    return viewOf(await this.flows.create(principal, body));
  }

  /** Newest first. */
  @Get()
  @ApiOperation({
    summary: 'List flows',
    operationId: 'listFlows',
    description: 'Lists flows. You can filter by status: draft, published or archived.',
  })
  @ApiData(FlowListDto, { description: 'One page of flows, newest first.' })
  @ApiErrors(400)
  async list(@CurrentPrincipal() { org_id }: Principal, @Query() query: ListFlowsQuery): Promise<FlowListDto> {
    const { items, last_key } = await this.flows.list(org_id, query.status, query);
    return { flows: items.map((flow) => viewOf(checked(flow))), total: items.length, last_key };
  }

  /**
   * Every fault at once: of form, of order, of references, and what a published flow would need. Stores nothing. The body may be
   * YAML (`application/yaml`).
   */
  @Post('validate')
  @Access('developer')
  @TakesBody('document')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Validate a definition',
    operationId: 'validateFlow',
    description: 'Validates a definition without storing it. Each fault gives its location and how to correct it.',
  })
  @ApiData(FlowValidationDto, { description: 'The faults in the definition.' })
  @ApiErrors(400, 413)
  async validate(
    @CurrentPrincipal() { org_id }: Principal,
    @Body() { definition }: ValidateFlowDto,
  ): Promise<FlowValidationDto> {
    const faults = await this.flows.validate(org_id, definition);
    return { valid: faults.length === 0, faults };
  }

  /**
   * The configured model writes a definition of a paragraph, from the agents, integrations, tools and flows of the organization. It is
   * validated and may have faults left. Nothing is stored or published. The offline model answers 422.
   */
  @Post('draft')
  @Access('developer')
  @TakesBody('message')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Draft a flow',
    operationId: 'draftFlow',
    description:
      'Drafts a definition from plain language with the configured language model. Nothing is stored. Returns 422 if the model is the offline model, which works by fixed rules.',
  })
  @ApiData(FlowDraftDto, { description: 'The definition with its faults.' })
  @ApiErrors(400, 402, 422, 502, 504)
  async draft(@CurrentPrincipal() { org_id }: Principal, @Body() body: DraftFlowDto): Promise<FlowDraftDto> {
    return this.drafts.draft(org_id, body);
  }

  /** With `Accept: application/yaml` as YAML, which PUT takes back. */
  @Get(':flow_id')
  @ApiOperation({
    summary: 'Get a flow',
    operationId: 'getFlow',
    description:
      'Returns the draft, its faults and the number of the published version. `Accept: application/yaml` returns the name, description, revision and definition as YAML, which `PUT` accepts.',
  })
  @ApiData(FlowDto, { description: 'The flow with its draft.', otherContent: AS_YAML })
  @ApiErrors(404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FlowDto | undefined> {
    const flow = await this.flows.getChecked(org_id, flow_id);
    if (request.accepts([...FORMS]) !== 'application/yaml') return viewOf(flow);
    const { name, description, revision, definition } = flow.flow;
    const { dump } = await import('js-yaml');
    response.type('application/yaml').send(dump({ name, description, revision, definition }, { lineWidth: 120 }));
    return undefined;
  }

  /** Changes the draft; the newest published version still runs until the next is published. The body may be YAML (`application/yaml`). */
  @Put(':flow_id')
  @Access('developer')
  @TakesBody('document')
  @Audited({ action: 'flow.changed', target: 'flow_id' })
  @ApiOperation({
    summary: 'Update a flow',
    operationId: 'updateFlow',
    description:
      'Replaces fields of the draft. Send the `revision` that you read; returns 409 if the flow has changed since. The published version stays in use until you publish again.',
  })
  @ApiData(FlowDto, { description: 'The flow after the change.' })
  @ApiErrors(400, 404, 409, 413)
  async update(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Body() { revision, ...changes }: UpdateFlowDto,
  ): Promise<FlowDto> {
    if (Object.values(changes).every((value) => value === undefined))
      throw ValidationError.field('body', 'must change at least one of: name, description, definition');
    return viewOf(await this.flows.update(org_id, flow_id, revision, changes));
  }

  /** Takes the flow out of use and deletes its triggers. Versions and runs stay readable; runs that have begun go on; a version can be restored. */
  @Delete(':flow_id')
  @Access('developer')
  @Audited({ action: 'flow.archived', target: 'flow_id' })
  @ApiOperation({
    summary: 'Archive a flow',
    operationId: 'archiveFlow',
    description: 'Archives the flow and deletes its triggers. Active runs continue. Versions and runs stay readable.',
  })
  @ApiData(FlowDto, { description: 'The archived flow.' })
  @ApiErrors(404, 409)
  async archive(@CurrentPrincipal() { org_id }: Principal, @Param('flow_id') flow_id: string): Promise<FlowDto> {
    const archived = await this.flows.archive(org_id, flow_id);
    await this.triggers.deleteByFlow(org_id, flow_id);
    return viewOf(checked(archived));
  }

  /** Makes the draft the newest version. 422 lists everything that stands in the way. */
  @Post(':flow_id/publish')
  @Access('developer')
  @HttpCode(200)
  @Audited({ action: 'flow.published', target: 'flow_id' })
  @ApiOperation({
    summary: 'Publish a flow',
    operationId: 'publishFlow',
    description: 'Makes the draft the version that new runs use. Returns 422 while the draft has faults.',
  })
  @ApiData(FlowDto, { description: 'The published flow.' })
  @ApiErrors(404, 409, 422)
  async publish(@CurrentPrincipal() principal: Principal, @Param('flow_id') flow_id: string): Promise<FlowDto> {
    return viewOf({ flow: await this.flows.publish(principal, flow_id), faults: [] });
  }

  /** Newest first. */
  @Get(':flow_id/versions')
  @ApiOperation({
    summary: "List a flow's versions",
    operationId: 'listFlowVersions',
    description: "Lists the flow's versions. Each publication adds a version.",
  })
  @ApiData(FlowVersionListDto, { description: 'One page of versions, newest first.' })
  @ApiErrors(400, 404)
  async listVersions(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Query() query: PageQuery,
  ): Promise<FlowVersionListDto> {
    const { items, last_key } = await this.flows.listVersions(org_id, flow_id, query);
    return { versions: items.map(versionView), total: items.length, last_key };
  }

  @Get(':flow_id/versions/:version')
  @ApiOperation({
    summary: 'Get a version of a flow',
    operationId: 'getFlowVersion',
    description: 'Returns the definition of one version.',
  })
  @ApiData(FlowVersionDto, { description: 'The version.' })
  @ApiErrors(404)
  async getVersion(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Param('version', VERSION_PIPE()) version: number,
  ): Promise<FlowVersionDto> {
    return versionView(await this.flows.getVersion(org_id, flow_id, version));
  }

  /** Makes the definition of a version the draft again. */
  @Post(':flow_id/versions/:version/restore')
  @Access('developer')
  @HttpCode(200)
  @Audited({ action: 'flow.restored', target: 'flow_id' })
  @ApiOperation({
    summary: 'Restore a version as the draft',
    operationId: 'restoreFlowVersion',
    description: 'Copies a version into the draft. Publish the draft to use it.',
  })
  @ApiData(FlowDto, { description: 'The flow with the restored draft.' })
  @ApiErrors(404, 409)
  async restore(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Param('version', VERSION_PIPE()) version: number,
  ): Promise<FlowDto> {
    return viewOf(await this.flows.restore(org_id, flow_id, version));
  }
}

/** What is no number names no version. */
function VERSION_PIPE(): ParseIntPipe {
  return new ParseIntPipe({ exceptionFactory: () => new NotFoundError('Flow version', 'of this number') });
}

const checked = (flow: Flow): CheckedFlow => ({ flow, faults: checkDefinition(flow.definition).faults });

function viewOf({ flow, faults }: { flow: Flow; faults: Fault[] }): FlowDto {
  const { flow_id, name, description, status, version, revision, definition } = flow;
  const { created_at, updated_at, published_at } = flow;
  return {
    ...{ flow_id, name, description, status, version, revision, definition, faults },
    ...{ created_at, updated_at, published_at },
  };
}

const versionView = ({ flow_id, version, definition, published_at, published_by }: FlowVersion): FlowVersionDto => ({
  ...{ flow_id, version, definition: { ...definition }, published_at, published_by },
});
