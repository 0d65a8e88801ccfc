import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { Agent } from '../../agents/agent.js';
import { AgentsService } from '../../agents/agents.service.js';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { seconds } from './openai-body.js';
import { ApiObject, ApiOpenAiErrors, OpenAiRoutes } from './openai-docs.js';

/** Agents as models. */
@OpenAiRoutes()
@Access('viewer')
@Controller('v1/models')
export class OpenAiModelsController {
  constructor(private readonly agents: AgentsService) {}

  /** Every agent that can be invoked, newest first. */
  @Get()
  @ApiOperation({
    summary: 'List models',
    operationId: 'openaiListModels',
    description: 'Lists the agents that can be invoked, newest first. The id of a model is the id of its agent.',
  })
  @ApiObject('The agents.', 'list', { data: { type: 'array', items: { type: 'object' } } })
  @ApiOpenAiErrors()
  async list(@CurrentPrincipal() { org_id }: Principal) {
    const data = [];
    for await (const agent of this.agents.runnable(org_id)) data.push(modelOf(agent));
    return { object: 'list', data };
  }

  /** By agent id, or by agent name where it is unique in the organization. */
  @Get(':model')
  @ApiOperation({
    summary: 'Get a model',
    operationId: 'openaiGetModel',
    description: 'Returns one agent as a model, by its id, or by its name if that is unique in the organization.',
  })
  @ApiObject('The agent.', 'model', {
    id: { type: 'string' },
    created: { type: 'integer' },
    owned_by: { type: 'string' },
  })
  @ApiOpenAiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('model') model: string) {
    return modelOf(await this.agents.get(org_id, await this.agents.idOf(org_id, model)));
  }
}

const modelOf = ({ agent_id: id, org_id: owned_by, created_at }: Agent) => ({
  id,
  object: 'model',
  created: seconds(created_at),
  owned_by,
});
