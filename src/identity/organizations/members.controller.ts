import { Body, Controller, Delete, Get, Param, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { Access } from '../access.decorator.js';
import type { Membership } from '../accounts/account.js';
import { CurrentPrincipal } from '../principal.decorator.js';
import type { Principal } from '../principal.js';
import { ChangeRolesDto, MemberDto, MemberListDto, RemovedMemberDto } from './dto/organization.dto.js';
import { MembersService } from './members.service.js';
import { requireOwn } from './require-own.js';

@ApiTags('organisations')
@Access('admin')
@Controller('organizations/:org_id/members')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  @Get()
  @ApiOperation({ summary: 'List the members', operationId: 'listMembers' })
  @ApiData(MemberListDto, { description: 'All members of your organisation.' })
  @ApiErrors(404)
  async list(@CurrentPrincipal() principal: Principal, @Param('org_id') org_id: string): Promise<MemberListDto> {
    requireOwn(principal, org_id);
    const members = (await this.members.list(org_id)).map(view);
    return { members, total: members.length };
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

function view({ user_id, email, name, roles, created_at }: Membership): MemberDto {
  return { user_id, email, name, roles, created_at };
}
