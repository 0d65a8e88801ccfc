import { Body, Controller, Delete, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { TakesBody } from '../../platform/http/body.interceptor.js';
import { Access } from '../access.decorator.js';
import type { Organization } from '../accounts/account.js';
import { CurrentPrincipal } from '../principal.decorator.js';
import type { Principal } from '../principal.js';
import {
  CreateOrganizationDto,
  DeleteOrganizationDto,
  DeletingOrganizationDto,
  OwnedOrganizationDto,
  TransferOrganizationDto,
} from './dto/organization.dto.js';
import { OrganizationDeletionService } from './organization-deletion.service.js';
import { OwnershipService } from './ownership.service.js';
import { requireOwn } from './require-own.js';

@ApiTags('organisations')
@Access('admin')
@Controller('organizations/:org_id')
export class OwnershipController {
  constructor(
    private readonly ownership: OwnershipService,
    private readonly deletion: OrganizationDeletionService,
  ) {}

  @Patch()
  @ApiOperation({ summary: 'Rename your organization', operationId: 'renameOrganization' })
  @ApiData(OwnedOrganizationDto, { description: 'The organization under its new name.' })
  @ApiErrors(400, 404)
  async rename(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Body() { name }: CreateOrganizationDto,
  ): Promise<OwnedOrganizationDto> {
    requireOwn(principal, org_id);
    return view(await this.ownership.rename(principal, name));
  }

  /**
   * Deletes everything in it: projects, agents, sessions, runs, keys, members, invitations, tools, partnerships, decisions and
   * statistics. From the answer on its tokens and keys are refused (in other processes within 5 seconds); the records go in the
   * background, and a crash does not stop that. Its audit log stays for 90 days. It cannot be undone.
   */
  @Delete()
  @TakesBody('ordinary')
  @HttpCode(202)
  @ApiOperation({ summary: 'Delete your organization', operationId: 'deleteOrganization' })
  @ApiData(DeletingOrganizationDto, { status: 202, description: 'It is closed and being deleted.' })
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
  @ApiOperation({ summary: 'Transfer your organization', operationId: 'transferOrganization' })
  @ApiData(OwnedOrganizationDto, { description: 'The organization with its new owner.' })
  @ApiErrors(400, 404, 409)
  async transfer(
    @CurrentPrincipal() principal: Principal,
    @Param('org_id') org_id: string,
    @Body() { user_id }: TransferOrganizationDto,
  ): Promise<OwnedOrganizationDto> {
    requireOwn(principal, org_id);
    return view(await this.ownership.transfer(principal, user_id));
  }
}

function view({ org_id, name, owner_id, created_at }: Organization): OwnedOrganizationDto {
  return { org_id, name, owner_id: owner_id ?? null, created_at };
}
