import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { NotFoundError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import type { Membership, Organization } from '../accounts/account.js';
import { AccountService } from '../accounts/account.service.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import type { Principal } from '../principal.js';
import { StandingService } from '../standing/standing.service.js';

/** Organisations of a user. */
@Injectable()
export class OrganizationsService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly account: AccountService,
    private readonly standing: StandingService,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {}

  async listOf(user_id: string): Promise<{ organization: Organization; membership: Membership }[]> {
    return this.account.organizationsOf(user_id);
  }

  /** The user becomes its administrator. */
  async create(principal: Principal, name: string): Promise<{ organization: Organization; membership: Membership }> {
    const { user_id } = principal;
    const { email, name: user_name } = await this.account.get(user_id);
    const org_id = this.ids.next('org');
    const created_at = this.clock.timestamp();
    const organization: Organization = { org_id, name, admin_count: 1, owner_id: user_id, created_at };
    const membership: Membership = { org_id, user_id, email, name: user_name, roles: ['admin'], created_at };
    if (!(await this.accounts.createOrganization(organization, membership))) throw new NotFoundError('User', user_id);
    this.standing.changed(user_id, org_id);
    const fact = { actor: user_id, action: 'organization.created', outcome: 'success', target: org_id } as const;
    const logs = [org_id, principal.org_id];
    await Promise.all(logs.map((log) => this.audit.record({ ...fact, org_id: log, details: { name } })));
    return { organization, membership };
  }

  /** The user's membership elsewhere, for a token there. @throws NotFoundError also for an organisation of others. */
  async membership(org_id: string, user_id: string): Promise<Membership> {
    const membership = await this.accounts.findMembership(org_id, user_id);
    if (!membership) throw new NotFoundError('Organization', org_id);
    return membership;
  }
}
