import { Body, Controller, Param, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Audited } from '../identity/audit/audit.interceptor.js';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { AgentPlacementService } from './agent-placement.service.js';
import { AgentViewService } from './agent-view.service.js';
import { AgentDto } from './dto/agent.dto.js';
import { PlaceAgentDto } from './dto/place-agent.dto.js';

/** Where an agent runs. How its runtime is doing is asked by the older route `GET agents/{agent_id}/runtime/health`. */
@ApiTags('agents')
@Controller('agents/:agent_id/runtime')
export class AgentRuntimeController {
  constructor(
    private readonly placement: AgentPlacementService,
    private readonly views: AgentViewService,
  ) {}

  /**
   * Moves the agent. It answers from where it was until it has arrived; its sessions, versions and counters stay. The next
   * build of its project deploys the new version to where builds deploy (the setting AGENT_RUNTIME).
   */
  @Put()
  @Audited({ action: 'agent.runtime_changed', target: 'agent_id' })
  @Access('developer')
  @ApiOperation({ summary: 'Say where an agent runs', operationId: 'placeAgent' })
  @ApiData(AgentDto, { description: 'The agent after the move.' })
  @ApiErrors(400, 404, 409)
  async place(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() { runtime, endpoint_url }: PlaceAgentDto,
  ): Promise<AgentDto> {
    return this.views.one(await this.placement.place(org_id, agent_id, runtime, endpoint_url));
  }
}
