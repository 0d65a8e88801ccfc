import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { PageQuery } from '../platform/http/page.dto.js';
import type { AgentExample } from './agent-example.js';
import { AgentExamples } from './agent-examples.service.js';
import { AgentExampleDto, AgentExampleListDto, DeletedExampleDto, SaveExampleDto } from './dto/agent-requests.dto.js';

@ApiTags('agents')
@Access('viewer')
@Controller('agents/:agent_id/examples')
export class AgentExamplesController {
  constructor(private readonly examples: AgentExamples) {}

  /** Every later build of the agent runs the example, and deploys nothing when a check of it fails. */
  @Post()
  @Audited({ action: 'agent.example_saved', target: 'agent_id' })
  @Access('developer')
  @ApiOperation({
    summary: 'Save an acceptance example for an agent',
    operationId: 'saveAgentExample',
    description:
      'Saves a message with checks that the answer must pass. A build that creates a new version runs all saved examples, and deploys nothing if one fails. At most 20 per agent.',
  })
  @ApiData(AgentExampleDto, { status: 201, description: 'The example.' })
  @ApiErrors(400, 404, 409)
  async save(
    @CurrentPrincipal() caller: Principal,
    @Param('agent_id') agent_id: string,
    @Body() { input, checks, invocation_id }: SaveExampleDto,
  ): Promise<AgentExampleDto> {
    const asked = checks.map(({ kind, value = null }) => ({ kind, value }));
    const from = invocation_id ?? null;
    return view(await this.examples.save(caller, agent_id, { input, checks: asked, invocation_id: from }));
  }

  /** Oldest first. */
  @Get()
  @ApiOperation({
    summary: "List an agent's saved examples",
    operationId: 'listAgentExamples',
    description:
      'Lists the saved messages with their checks. Examples that a build wrote are in its artifact `acceptance_report.json`.',
  })
  @ApiData(AgentExampleListDto, { description: 'One page of examples, oldest first.' })
  @ApiErrors(400, 404)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Query() query: PageQuery,
  ): Promise<AgentExampleListDto> {
    const { items, last_key } = await this.examples.list(org_id, agent_id, query);
    return { examples: items.map(view), total: items.length, last_key };
  }

  @Delete(':example_id')
  @Audited({ action: 'agent.example_deleted', target: 'agent_id' })
  @Access('developer')
  @ApiOperation({
    summary: 'Delete a saved example',
    operationId: 'deleteAgentExample',
    description: 'Deletes the example. Later builds no longer run it.',
  })
  @ApiData(DeletedExampleDto, { description: 'The id of the deleted example.' })
  @ApiErrors(404)
  async delete(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Param('example_id') example_id: string,
  ): Promise<DeletedExampleDto> {
    await this.examples.delete(org_id, agent_id, example_id);
    return { example_id, deleted: true };
  }
}

const view = ({ example_id, input, checks, invocation_id, created_by, created_at }: AgentExample): AgentExampleDto => ({
  ...{ example_id, input, checks, invocation_id, created_by, created_at },
});
