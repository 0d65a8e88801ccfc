import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { PageQuery } from '../../platform/http/page.dto.js';
import { SecretAnswer } from '../../platform/http/route.decorators.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Principal } from '../principal.js';
import { ACCESS_TOKEN_SECONDS, OPERATOR_ROLES } from '../authentication/access-tokens.js';
import {
  AnyOrganizationListDto,
  EnterOrganizationDto,
  OperatorAccessDto,
  OrganizationDetailsDto,
} from './dto/operator.dto.js';
import { OperatorsService } from './operators.service.js';

@ApiTags('operator')
@Access('system_admin')
@Controller('operator/organizations')
export class OperatorController {
  constructor(private readonly operators: OperatorsService) {}

  /** In the order in which they were made. */
  @Get()
  @ApiOperation({
    summary: 'List all organizations on the platform',
    operationId: 'listAllOrganizations',
    description: 'For platform operators. Lists names and creation times, without any content.',
  })
  @ApiData(AnyOrganizationListDto, { description: 'One page of organizations.' })
  @ApiErrors(400)
  async list(@Query() query: PageQuery): Promise<AnyOrganizationListDto> {
    const { items, last_key } = await this.operators.listOrganizations(query);
    const organizations = items.map(({ org_id, name, created_at }) => ({ org_id, name, created_at }));
    return { organizations, total: organizations.length, last_key };
  }

  /** How large it is and who administers it; nothing of what it keeps. */
  @Get(':org_id')
  @ApiOperation({
    summary: 'Get an organization',
    operationId: 'getAnyOrganization',
    description:
      'For platform operators. Returns the administrators and the number of members and API keys, without any content.',
  })
  @ApiData(OrganizationDetailsDto, { description: 'The organization.' })
  @ApiErrors(404)
  async get(@Param('org_id') org_id: string): Promise<OrganizationDetailsDto> {
    const { organization, administrators, member_count, api_key_count } = await this.operators.organization(org_id);
    const { name, created_at } = organization;
    const told = administrators.map(({ user_id, email, name: known_as }) => ({ user_id, email, name: known_as }));
    return { org_id, name, created_at, member_count, api_key_count, administrators: told };
  }

  /** Its audit log says who entered and why. Every route then takes the token as that of an administrator there. */
  @Post(':org_id/access')
  @Bare()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Enter an organization as an administrator',
    operationId: 'enterOrganization',
    description:
      'For platform operators. Returns an access token with administrator rights for 15 minutes. The organization sees the reason in its audit log.',
  })
  @ApiOkResponse({ type: OperatorAccessDto, description: 'An access token for that organization.' })
  @ApiErrors(400, 404)
  async enter(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Body() { reason }: EnterOrganizationDto,
  ): Promise<OperatorAccessDto> {
    const access_token = await this.operators.enter(principal, org_id, reason);
    return { access_token, token_type: 'Bearer', expires_in: ACCESS_TOKEN_SECONDS, org_id, roles: OPERATOR_ROLES };
  }
}
