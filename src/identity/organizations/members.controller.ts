import { Body, Controller, Delete, Get, Param, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { SecretAnswer } from '../../platform/http/secret-answer.decorator.js';
import { NotFoundError } from '../../shared/domain-error.js';
import { Access } from '../access.decorator.js';
import type { Membership } from '../accounts/account.js';
import { AuditLog } from '../audit/audit-log.js';
import { CurrentPrincipal } from '../principal.decorator.js';
import { actorOf, type Principal } from '../principal.js';
import {
  ChangeRolesDto,
  InvitationDto,
  InviteMemberDto,
  MemberDto,
  MemberListDto,
  RemovedMemberDto,
} from './dto/organization.dto.js';
import { InvitationsService } from './invitations.service.js';
import { MembersService } from './members.service.js';

@ApiTags('organisations')
@Access('admin')
@Controller('organizations/:org_id/members')
export class MembersController {
  constructor(
    private readonly members: MembersService,
    private readonly invitations: InvitationsService,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List the members', operationId: 'listMembers' })
  @ApiData(MemberListDto, { description: 'All members of your organisation.' })
  @ApiErrors(404)
  async list(@CurrentPrincipal() principal: Principal, @Param('org_id') org_id: string): Promise<MemberListDto> {
    requireOwn(principal, org_id);
    const members = (await this.members.list(org_id)).map(view);
    return { members, total: members.length };
  }

  /** Answers a token to hand over; whether the address has an account is not told. */
  @Post()
  @SecretAnswer()
  @ApiOperation({ summary: 'Invite a member', operationId: 'inviteMember' })
  @ApiData(InvitationDto, { status: 201, description: 'The invitation; its token is shown this once.' })
  @ApiErrors(400, 403, 404)
  async invite(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Body() body: InviteMemberDto,
  ): Promise<InvitationDto> {
    requireOwn(principal, org_id);
    const { token, invitation } = await this.invitations.invite(principal, body.email, body.roles);
    const { email, roles } = invitation;
    const actor = actorOf(principal);
    await this.audit.record({ org_id, actor, action: 'member.invited', outcome: 'success', details: { email, roles } });
    const expires_at = new Date(invitation.expires_at * 1000).toISOString();
    return { email, roles, invitation_token: token, expires_at };
  }

  /** The last administrator stays one. */
  @Put(':user_id/roles')
  @ApiOperation({ summary: "Change a member's roles", operationId: 'changeMemberRoles' })
  @ApiData(MemberDto, { description: 'The member after the change.' })
  @ApiErrors(400, 403, 404, 409)
  async changeRoles(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Param('user_id') user_id: string,
    @Body() { roles }: ChangeRolesDto,
  ): Promise<MemberDto> {
    requireOwn(principal, org_id);
    return view(await this.members.changeRoles(principal, user_id, roles));
  }

  /** The last administrator stays. */
  @Delete(':user_id')
  @ApiOperation({ summary: 'Remove a member', operationId: 'removeMember' })
  @ApiData(RemovedMemberDto, { description: 'Tokens and keys of the member are refused from now on.' })
  @ApiErrors(400, 403, 404, 409)
  async remove(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Param('user_id') user_id: string,
  ): Promise<RemovedMemberDto> {
    requireOwn(principal, org_id);
    await this.members.remove(principal, user_id);
    return { user_id, removed: true };
  }
}

/** A token is for one organisation: another one's path names nothing, even if the user belongs to it. */
function requireOwn(principal: Principal, org_id: string): void {
  if (principal.org_id !== org_id) throw new NotFoundError('Organization', org_id);
}

function view({ user_id, email, name, roles, created_at }: Membership): MemberDto {
  return { user_id, email, name, roles, created_at };
}
