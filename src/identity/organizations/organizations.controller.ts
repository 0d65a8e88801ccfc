import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { SecretAnswer } from '../../platform/http/route.decorators.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Membership, Organization } from '../accounts/account.js';
import { AccountService } from '../authentication/account.service.js';
import { SignedInDto } from '../authentication/dto/auth.dto.js';
import { SignInService } from '../authentication/sign-in.service.js';
import { type Principal, requireToken } from '../principal.js';
import { familyOf } from '../authentication/access-tokens.js';
import { CreateOrganizationDto, OrganizationDto, OrganizationListDto } from './dto/organization.dto.js';
import { OrganizationsService } from './organizations.service.js';

@ApiTags('organizations')
@Controller('organizations')
export class OrganizationsController {
  constructor(
    private readonly organizations: OrganizationsService,
    private readonly account: AccountService,
    private readonly signIn: SignInService,
  ) {}

  /** Those that you belong to, in the order in which you joined them. */
  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List your organizations', operationId: 'listOrganizations' })
  @ApiData(OrganizationListDto, { description: 'Your organizations and your roles in them.' })
  @ApiErrors(403, 404)
  async list(@CurrentPrincipal() principal: Principal): Promise<OrganizationListDto> {
    requireToken(principal);
    const organizations = (await this.organizations.listOf(principal.user_id)).map(view);
    return { organizations, total: organizations.length };
  }

  /** You become its administrator. Your present tokens stay with their organization; switch for tokens of the new one. */
  @Post()
  @Access('admin')
  @ApiOperation({ summary: 'Create an organization', operationId: 'createOrganization' })
  @ApiData(OrganizationDto, { status: 201, description: 'The new organization.' })
  @ApiErrors(400, 403, 404)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() { name }: CreateOrganizationDto,
  ): Promise<OrganizationDto> {
    requireToken(principal);
    return view(await this.organizations.create(principal, name));
  }

  /** The tokens belong to the same sign-in and end with it. The present ones stay valid. The body is empty. */
  @Post(':org_id/switch')
  @Access('viewer')
  @Bare()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({ summary: 'Get tokens for another of your organizations', operationId: 'switchOrganization' })
  @ApiOkResponse({ type: SignedInDto, description: 'Tokens for that organization.' })
  @ApiErrors(400, 403, 404)
  async switch(@CurrentPrincipal() principal: Principal, @Param('org_id') org_id: string): Promise<SignedInDto> {
    const token_id = requireToken(principal);
    const membership = await this.organizations.membership(org_id, principal.user_id);
    return this.signIn.switch(await this.account.get(principal.user_id), membership, familyOf(token_id));
  }
}

function view({ organization, membership }: { organization: Organization; membership: Membership }): OrganizationDto {
  const { org_id, name, created_at } = organization;
  return { org_id, name, roles: membership.roles, created_at };
}
