import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { SecretAnswer } from '../../platform/http/secret-answer.decorator.js';
import { Access } from '../access.decorator.js';
import { CurrentPrincipal } from '../principal.decorator.js';
import type { Principal } from '../principal.js';
import {
  InvitationDto,
  InvitationListDto,
  InviteMemberDto,
  NewInvitationDto,
  RevokedInvitationDto,
} from './dto/invitation.dto.js';
import type { Invitation } from './invitations.repository.js';
import { InvitationsService } from './invitations.service.js';
import { requireOwn } from './require-own.js';

@ApiTags('organisations')
@Access('admin')
@Controller('organizations/:org_id')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  /** Answers a token to hand over; whether the address has an account is not told. */
  @Post('members')
  @SecretAnswer()
  @ApiOperation({ summary: 'Invite a member', operationId: 'inviteMember' })
  @ApiData(NewInvitationDto, { status: 201, description: 'The invitation; its token is shown this once.' })
  @ApiErrors(400, 403, 404)
  async invite(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Body() body: InviteMemberDto,
  ): Promise<NewInvitationDto> {
    requireOwn(principal, org_id);
    const { token, invitation } = await this.invitations.invite(principal, body.email, body.roles);
    return { ...view(invitation), invitation_token: token };
  }

  /** Those that nobody has accepted yet and that are not past; oldest first. */
  @Get('invitations')
  @ApiOperation({ summary: 'List the open invitations', operationId: 'listInvitations' })
  @ApiData(InvitationListDto, { description: 'All open invitations of your organisation, without their tokens.' })
  @ApiErrors(404)
  async list(@CurrentPrincipal() principal: Principal, @Param('org_id') org_id: string): Promise<InvitationListDto> {
    requireOwn(principal, org_id);
    const invitations = (await this.invitations.list(org_id)).map(view);
    return { invitations, total: invitations.length };
  }

  /** Its token is good for nothing from now on. */
  @Delete('invitations/:invitation_id')
  @ApiOperation({ summary: 'Take an invitation back', operationId: 'revokeInvitation' })
  @ApiData(RevokedInvitationDto, { description: 'Taken back.' })
  @ApiErrors(400, 404)
  async revoke(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Param('invitation_id') invitation_id: string,
  ): Promise<RevokedInvitationDto> {
    requireOwn(principal, org_id);
    await this.invitations.revoke(principal, invitation_id);
    return { invitation_id, revoked: true };
  }
}

function view({ invitation_id, email, roles, invited_by, created_at, expires_at }: Invitation): InvitationDto {
  const until = new Date(expires_at * 1000).toISOString();
  return { invitation_id, email, roles, invited_by, created_at, expires_at: until };
}
