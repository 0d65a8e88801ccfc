import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { PromoteRolloutDto, RolloutDto, SetRolloutDto } from './dto/rollout.dto.js';
import { type ObservedRollout, RolloutsService } from './rollouts.service.js';

@ApiTags('agents')
@Access('viewer')
@Controller('agents/:agent_id/rollout')
export class RolloutsController {
  constructor(private readonly rollouts: RolloutsService) {}

  /**
   * A session stays with its version: its id decides, so a higher share moves sessions to the candidate only, and sessions that began
   * before the rollout run the current version. A run that chooses a version or model itself is not counted.
   */
  @Put()
  @Audited({ action: 'agent.rollout_set', target: 'agent_id', details: ['version', 'percent'] })
  @Access('developer')
  @ApiOperation({
    summary: 'Roll out a version to a share of the sessions',
    operationId: 'setAgentRollout',
    description:
      'Starts rolling out a version (the candidate), or changes its share. Of the sessions started since the rollout began, that share runs the candidate. All other sessions run the current version. A session keeps its version while the share stays the same. Returns 409 while another version is being rolled out.',
  })
  @ApiData(RolloutDto, { description: 'The rollout.' })
  @ApiErrors(400, 404, 409)
  async set(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() body: SetRolloutDto,
  ): Promise<RolloutDto> {
    return view(await this.rollouts.set({ org_id, user_id }, agent_id, body));
  }

  /** The last rollout, also after it has ended. */
  @Get()
  @ApiOperation({
    summary: 'Get the rollout of an agent',
    operationId: 'getAgentRollout',
    description:
      'Returns the latest rollout with the metrics of its two versions. Returns 404 if the agent never had a rollout.',
  })
  @ApiData(RolloutDto, { description: 'The rollout.' })
  @ApiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('agent_id') agent_id: string): Promise<RolloutDto> {
    return view(await this.rollouts.get(org_id, agent_id));
  }

  @Delete()
  @Audited({ action: 'agent.rollout_stopped', target: 'agent_id' })
  @Access('developer')
  @ApiOperation({
    summary: 'Stop a rollout',
    operationId: 'stopAgentRollout',
    description:
      'Stops the rollout. All sessions use the current version from their next message on. Returns 404 if no rollout is running.',
  })
  @ApiData(RolloutDto, { description: 'The rollout, which has ended.' })
  @ApiErrors(404, 409)
  async stop(@CurrentPrincipal() { org_id }: Principal, @Param('agent_id') agent_id: string): Promise<RolloutDto> {
    return view(await this.rollouts.stop(org_id, agent_id));
  }

  @Post('promote')
  @Audited({ action: 'agent.rollout_promoted', target: 'agent_id' })
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Promote the candidate of a rollout',
    operationId: 'promoteAgentRollout',
    description:
      'Makes the candidate the current version. All sessions use it from their next message on. A rollback returns to the earlier version. Returns 404 if no rollout is running.',
  })
  @ApiData(RolloutDto, { description: 'The rollout, which has ended.' })
  @ApiErrors(400, 404, 409)
  async promote(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() { revision }: PromoteRolloutDto,
  ): Promise<RolloutDto> {
    return view(await this.rollouts.promote(org_id, agent_id, revision));
  }
}

function view({ agent, rollout, current, candidate }: ObservedRollout): RolloutDto {
  const { rollout_id, status, version, base_version, percent, started_by, started_at, updated_at, ended_at } = rollout;
  return {
    ...{ agent_id: agent.agent_id, rollout_id, status, revision: agent.revision },
    current: { version: base_version, percent: 100 - percent, ...current },
    candidate: { version, percent, ...candidate },
    ...{ started_by, started_at, updated_at, ended_at },
  };
}
