import { Injectable } from '@nestjs/common';
import { ConflictError, NotFoundError, PermissionDeniedError } from '../../shared/domain-error.js';
import { isAdmin, type Organization } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { actorOf, type Principal } from '../principal.js';
import { requireToken } from '../require-token.js';
import { MembersService } from './members.service.js';
import { OrganizationsRepository } from './organizations.repository.js';

/** The name of an organization, and whose it is. */
@Injectable()
export class OwnershipService {
  constructor(
    private readonly organizations: OrganizationsRepository,
    private readonly accounts: AccountsRepository,
    private readonly members: MembersService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws NotFoundError */
  async rename(principal: Principal, name: string): Promise<Organization> {
    const organization = await this.organization(principal.org_id);
    if (!(await this.organizations.rename(organization, name)))
      throw new NotFoundError('Organization', organization.org_id);
    await this.record(principal, 'organization.renamed', { from: organization.name, to: name });
    return { ...organization, name };
  }

  /**
   * Makes a member the owner, and an administrator first if it is none. Organizations of version 1.0.0 have no owner until the
   * first transfer, which any administrator may make.
   * @throws PermissionDeniedError for anyone but the owner and for API keys, NotFoundError for a user who is no member, ConflictError
   */
  async transfer(principal: Principal, user_id: string): Promise<Organization> {
    requireToken(principal);
    const { org_id } = principal;
    const organization = await this.organization(org_id);
    const { owner_id } = organization;
    if (owner_id !== undefined && owner_id !== principal.user_id)
      throw new PermissionDeniedError('Only the owner can transfer the organization', { details: { owner_id } });
    const member = await this.accounts.findMembership(org_id, user_id);
    if (!member) throw new NotFoundError('Member', user_id);
    if (owner_id === user_id) return organization;
    if (!isAdmin(member)) await this.members.changeRoles(principal, user_id, [...member.roles, 'admin']);
    if (!(await this.organizations.transfer(organization, user_id)))
      throw new ConflictError('The organization or the member was changed by another request');
    await this.record(principal, 'organization.transferred', { from: owner_id ?? null, to: user_id });
    return { ...organization, owner_id: user_id };
  }

  private async organization(org_id: string): Promise<Organization> {
    const organization = await this.accounts.findOrganization(org_id);
    if (!organization) throw new NotFoundError('Organization', org_id);
    return organization;
  }

  private async record(principal: Principal, action: string, details: Record<string, unknown>): Promise<void> {
    const { org_id } = principal;
    const fact = { org_id, actor: actorOf(principal), action, target: org_id, details };
    await this.audit.record({ ...fact, outcome: 'success' });
  }
}
