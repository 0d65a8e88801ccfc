import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Audited } from '../../identity/audit/audit.interceptor.js';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import { AuditLog } from '../../identity/audit/audit-log.js';
import type { Principal } from '../../identity/principal.js';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { TakesBody } from '../../platform/http/envelope.interceptor.js';
import { AttachedToolStore } from './attached-tool-store.js';
import type { AttachedTool } from './attached-tool.js';
import { ownerOf, ToolAttachment } from './tool-attachment.service.js';
import { ToolCaller } from './tool-caller.js';
import {
  AttachToolDto,
  DeletedToolDto,
  ListToolsQuery,
  TestToolDto,
  ToolDto,
  ToolListDto,
  ToolTrialDto,
} from './tools.dto.js';

@ApiTags('tools')
@Controller('tools')
export class ToolsController {
  constructor(
    private readonly attachment: ToolAttachment,
    private readonly store: AttachedToolStore,
    private readonly caller: ToolCaller,
    private readonly audit: AuditLog,
  ) {}

  /** Asks the service what it can do and gives that to the agents of the project, or to one agent. They have it with their next run. */
  @Post()
  @Audited({ action: 'tool.attached', details: ['kind', 'name', 'project_id', 'agent_id'] })
  @Access('developer')
  @TakesBody('document')
  @ApiOperation({
    summary: 'Attach a tool',
    operationId: 'attachTool',
    description:
      'Attaches a tool to an agent, or to all agents of a project, from their next run on. The tool is an HTTP service, an MCP server, an OpenAPI document, an integration or a flow.',
  })
  @ApiData(ToolDto, { status: 201, description: 'The tool with its operations.' })
  @ApiErrors(400, 404, 409)
  async attach(@CurrentPrincipal() { org_id, user_id }: Principal, @Body() body: AttachToolDto): Promise<ToolDto> {
    const { kind, name, description, config, credential, credential_id } = body;
    const tool = await this.attachment.attach({
      ...{ org_id, user_id, kind, name, description, config, owner: ownerOf(body), credential_id },
      ...(credential ? { credential } : {}),
    });
    await this.record({ org_id, user_id }, 'tool.attached', tool.tool_id, { kind, name, owner: ownerOf(body) });
    return toolView(tool);
  }

  /** Newest first. */
  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'List attached tools',
    operationId: 'listTools',
    description: 'Lists attached tools. You can filter by project and agent.',
  })
  @ApiData(ToolListDto, { description: 'One page of tools, newest first.' })
  @ApiErrors(400)
  async list(@CurrentPrincipal() { org_id }: Principal, @Query() query: ListToolsQuery): Promise<ToolListDto> {
    const { items, last_key } = await this.store.list(org_id, query, query);
    return { tools: items.map(toolView), total: items.length, last_key };
  }

  @Get(':tool_id')
  @Access('viewer')
  @ApiOperation({
    summary: 'Get an attached tool',
    operationId: 'getTool',
    description: 'Returns the tool with its operations and their schemas.',
  })
  @ApiData(ToolDto, { description: 'The tool. Its credential is never shown.' })
  @ApiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('tool_id') tool_id: string): Promise<ToolDto> {
    return toolView(await this.store.get(org_id, tool_id));
  }

  @Delete(':tool_id')
  @Audited({ action: 'tool.deleted', target: 'tool_id' })
  @Access('developer')
  @ApiOperation({
    summary: 'Detach a tool',
    operationId: 'deleteTool',
    description: 'Detaches the tool. Runs in other processes may still use it for up to 30 seconds.',
  })
  @ApiData(DeletedToolDto, { description: 'The deleted tool.' })
  @ApiErrors(404)
  async delete(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('tool_id') tool_id: string,
  ): Promise<DeletedToolDto> {
    const tool = await this.store.get(org_id, tool_id);
    await this.store.delete(tool);
    await this.record({ org_id, user_id }, 'tool.deleted', tool_id, { name: tool.name });
    return { tool_id };
  }

  /** Really calls the service, as an agent would. */
  @Post(':tool_id/test')
  @HttpCode(200)
  @Access('developer')
  @TakesBody('message')
  @ApiOperation({
    summary: 'Test a tool',
    operationId: 'testTool',
    description: 'Calls the service as an agent would, and returns what the model would see.',
  })
  @ApiData(ToolTrialDto, { description: 'What the model would see, or the error.' })
  @ApiErrors(400, 404)
  async try(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('tool_id') tool_id: string,
    @Body() { operation, input }: TestToolDto,
  ): Promise<ToolTrialDto> {
    const trial = await this.caller.try(await this.store.get(org_id, tool_id), operation, input);
    await this.record({ org_id, user_id }, 'tool.tested', tool_id, {
      operation: trial.operation,
      status: trial.status,
    });
    return trial;
  }

  private async record(
    { org_id, user_id }: Pick<Principal, 'org_id' | 'user_id'>,
    action: string,
    target: string,
    details: Record<string, unknown>,
  ): Promise<void> {
    await this.audit.record({ org_id, actor: user_id, action, outcome: 'success', target, details });
  }
}

/** Leaves out the credential, even sealed, and the requests behind the operations. */
function toolView({ config, credential, operations, ...tool }: AttachedTool): ToolDto {
  const { tool_id, name, description, project_id, agent_id, created_by, created_at, credential_id } = tool;
  const { kind, ...reached } = config;
  return {
    tool_id,
    kind,
    name,
    description,
    project_id,
    agent_id,
    config: reached,
    credential: credential && { type: credential.type },
    credential_id: credential_id ?? null,
    operations: operations.map(({ call: _call, ...shown }) => shown),
    created_by,
    created_at,
  };
}
