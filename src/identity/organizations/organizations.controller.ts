import { Body, Controller, Get, HttpCode, Param, Post, Delete, Patch, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { SecretAnswer } from '../../platform/http/route.decorators.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Membership, Organization } from '../accounts/account.js';
import { AccountService } from '../authentication/account.service.js';
import { SignedInDto } from '../authentication/dto/auth.dto.js';
import { SignInService } from '../authentication/sign-in.service.js';
import { type Principal, requireToken, requireOwn } from '../principal.js';
import { familyOf } from '../authentication/access-tokens.js';
import {
  CreateOrganizationDto,
  OrganizationDto,
  OrganizationListDto,
  ChangeRolesDto,
  DeleteOrganizationDto,
  DeletingOrganizationDto,
  InvitationDto,
  InvitationListDto,
  InviteMemberDto,
  MemberDto,
  MemberListDto,
  NewInvitationDto,
  OwnedOrganizationDto,
  RemovedMemberDto,
  RevokedInvitationDto,
  TransferOrganizationDto,
} from './dto/organization.dto.js';
import { OrganizationsService, MembersService } from './organizations.service.js';
import { TakesBody } from '../../platform/http/envelope.interceptor.js';
import { InvitationsService, type ListedInvitation } from './invitations.service.js';
import { OrganizationDeletionService } from './organization-deletion.service.js';

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
  @ApiOperation({
    summary: 'List your organizations',
    operationId: 'listOrganizations',
    description: 'Lists every organization that you are a member of, with your roles in each.',
  })
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
  @ApiOperation({
    summary: 'Create an organization',
    operationId: 'createOrganization',
    description:
      'Creates an organization with you as owner and administrator. Use `POST /organizations/{org_id}/switch` to work in it.',
  })
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
  @ApiOperation({
    summary: 'Switch to another organization',
    operationId: 'switchOrganization',
    description: 'Returns tokens for another organization that you are a member of. Your current tokens stay valid.',
  })
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

/** Administration of the caller's own organization: members, ownership, invitations. */
@ApiTags('organizations')
@Access('admin')
@Controller('organizations/:org_id')
export class OrganizationController {
  constructor(
    private readonly members: MembersService,
    private readonly organizations: OrganizationsService,
    private readonly deletion: OrganizationDeletionService,
    private readonly invitations: InvitationsService,
  ) {}

  @Get('members')
  @ApiOperation({
    summary: 'List members',
    operationId: 'listMembers',
    description: 'Lists members and their roles. Works only for the organization that your token is for.',
  })
  @ApiData(MemberListDto, { description: 'All members of your organization.' })
  @ApiErrors(404)
  async listMembers(@CurrentPrincipal() principal: Principal, @Param('org_id') org_id: string): Promise<MemberListDto> {
    requireOwn(principal, org_id);
    const members = (await this.members.list(org_id)).map(memberView);
    return { members, total: members.length };
  }

  /** The last administrator stays one. */
  @Put('members/:user_id/roles')
  @ApiOperation({
    summary: "Change a member's roles",
    operationId: 'changeMemberRoles',
    description:
      "Replaces a member's roles and, within 5 seconds, ends the member's sign-ins that hold tokens for the organization. The member must sign in again; API keys are kept. The owner and the last administrator cannot lose the role `admin`.",
  })
  @ApiData(MemberDto, { description: 'The member after the change.' })
  @ApiErrors(400, 403, 404, 409)
  async changeRoles(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Param('user_id') user_id: string,
    @Body() { roles }: ChangeRolesDto,
  ): Promise<MemberDto> {
    requireOwn(principal, org_id);
    return memberView(await this.members.changeRoles(principal, user_id, roles));
  }

  /** The last administrator stays. */
  @Delete('members/:user_id')
  @ApiOperation({
    summary: 'Remove a member',
    operationId: 'removeMember',
    description:
      "Ends the membership and revokes the member's tokens and keys in the organization. The account is kept. The owner and the last administrator cannot be removed.",
  })
  @ApiData(RemovedMemberDto, {
    description: "The member is removed. The member's tokens and keys are no longer valid.",
  })
  @ApiErrors(400, 403, 404, 409)
  async removeMember(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Param('user_id') user_id: string,
  ): Promise<RemovedMemberDto> {
    requireOwn(principal, org_id);
    await this.members.remove(principal, user_id);
    return { user_id, removed: true };
  }

  @Patch()
  @ApiOperation({
    summary: 'Rename your organization',
    operationId: 'renameOrganization',
    description: 'Changes the name that members see. Ids and keys stay the same.',
  })
  @ApiData(OwnedOrganizationDto, { description: 'The renamed organization.' })
  @ApiErrors(400, 404)
  async rename(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Body() { name }: CreateOrganizationDto,
  ): Promise<OwnedOrganizationDto> {
    requireOwn(principal, org_id);
    return ownedView(await this.organizations.rename(principal, name));
  }

  /**
   * Deletes everything in it: projects, agents, sessions, runs, keys, members, invitations, tools, partnerships, decisions and
   * statistics. From the answer on its tokens and keys are refused (in other processes within 5 seconds); the records go in the
   * background, and a crash does not stop that. Its audit log stays for 90 days. It cannot be undone.
   */
  @Delete()
  @TakesBody('ordinary')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Delete your organization',
    operationId: 'deleteOrganization',
    description:
      'Closes the organization immediately and deletes its data in the background. Only the owner can do this (if no owner is recorded, any administrator), and must repeat the name. The audit log is kept for 90 days. This cannot be undone.',
  })
  @ApiData(DeletingOrganizationDto, {
    status: 202,
    description: 'The organization is closed, and its data is being deleted.',
  })
  @ApiErrors(400, 404, 409)
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Body() { name }: DeleteOrganizationDto,
  ): Promise<DeletingOrganizationDto> {
    requireOwn(principal, org_id);
    await this.deletion.delete(principal, org_id, name);
    return { org_id, deleting: true };
  }

  /**
   * Makes another member the owner, who becomes an administrator if need be. Only the owner can; an organization without a recorded
   * owner can be transferred by any administrator. The owner can neither be removed nor lose the role admin.
   */
  @Post('transfer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Transfer your organization',
    operationId: 'transferOrganization',
    description:
      'Makes another member the owner and an administrator. Only the owner can do this; if no owner is recorded, any administrator can.',
  })
  @ApiData(OwnedOrganizationDto, { description: 'The organization with its new owner.' })
  @ApiErrors(400, 404, 409)
  async transfer(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Body() { user_id }: TransferOrganizationDto,
  ): Promise<OwnedOrganizationDto> {
    requireOwn(principal, org_id);
    return ownedView(await this.organizations.transfer(principal, user_id));
  }

  /**
   * Mails a token to the address, which is valid for seven days. A platform that sends no mail returns the token instead, for you to
   * pass on. The response does not reveal whether the address has an account.
   */
  @Post('members')
  @SecretAnswer()
  @ApiOperation({
    summary: 'Invite a member',
    operationId: 'inviteMember',
    description:
      'Emails an invitation that is valid for 7 days. If the platform sends no email, the response contains the token for you to pass on.',
  })
  @ApiData(NewInvitationDto, {
    status: 201,
    description: 'The invitation, with its token if the platform sends no email.',
  })
  @ApiErrors(400, 403, 404, 429)
  async invite(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Body() body: InviteMemberDto,
  ): Promise<NewInvitationDto> {
    requireOwn(principal, org_id);
    const { token, ...invited } = await this.invitations.invite(principal, body.email, body.roles);
    return { ...invitationView(invited), ...(token === undefined ? {} : { invitation_token: token }) };
  }

  /** Invitations that are neither accepted nor expired, oldest first. */
  @Get('invitations')
  @ApiOperation({
    summary: 'List open invitations',
    operationId: 'listInvitations',
    description: 'Lists invitations that are neither accepted nor expired, oldest first.',
  })
  @ApiData(InvitationListDto, { description: 'All open invitations of your organization, without their tokens.' })
  @ApiErrors(404)
  async listInvitations(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
  ): Promise<InvitationListDto> {
    requireOwn(principal, org_id);
    const invitations = (await this.invitations.list(org_id)).map(invitationView);
    return { invitations, total: invitations.length };
  }

  /** The token is no longer valid, and a mail that was not sent yet is dropped. */
  @Delete('invitations/:invitation_id')
  @ApiOperation({
    summary: 'Revoke an invitation',
    operationId: 'revokeInvitation',
    description: "Revokes the invitation's token. An email that has not been sent yet is dropped.",
  })
  @ApiData(RevokedInvitationDto, { description: 'The invitation is revoked.' })
  @ApiErrors(404)
  async revokeInvitation(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Param('invitation_id') invitation_id: string,
  ): Promise<RevokedInvitationDto> {
    requireOwn(principal, org_id);
    await this.invitations.revoke(principal, invitation_id);
    return { invitation_id, revoked: true };
  }
}

function memberView({ user_id, email, name, roles, created_at }: Membership): MemberDto {
  return { user_id, email, name, roles, created_at };
}

function ownedView({ org_id, name, owner_id, created_at }: Organization): OwnedOrganizationDto {
  return { org_id, name, owner_id: owner_id ?? null, created_at };
}

function invitationView({ invitation, mail_status }: ListedInvitation): InvitationDto {
  const { invitation_id, email, roles, invited_by, created_at, expires_at } = invitation;
  const until = new Date(expires_at * 1000).toISOString();
  return { invitation_id, email, roles, invited_by, mail_status, created_at, expires_at: until };
}
