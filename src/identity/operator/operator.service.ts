import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../shared/domain-error.js';
import type { Page } from '../../shared/page.js';
import { isAdmin, type Membership, type Organization } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { ApiKeysRepository } from '../keys/api-keys.repository.js';
import { MembersRepository } from '../organizations/members.repository.js';
import { type ListedOrganization, OrganizationsListRepository } from './organizations-list.repository.js';

export interface OrganizationDetails {
  organization: Organization;
  member_count: number;
  api_key_count: number;
  administrators: Membership[];
}

/** What operators of the platform see of all organisations without entering them. */
@Injectable()
export class OperatorService {
  constructor(
    private readonly organizations: OrganizationsListRepository,
    private readonly accounts: AccountsRepository,
    private readonly members: MembersRepository,
    private readonly keys: ApiKeysRepository,
  ) {}

  async list(page: { limit: number; last_key?: string }): Promise<Page<ListedOrganization>> {
    return this.organizations.page(page);
  }

  /** @throws NotFoundError */
  async get(org_id: string): Promise<OrganizationDetails> {
    const [organization, members, keys] = await Promise.all([
      this.accounts.findOrganization(org_id),
      this.members.listByOrg(org_id),
      this.keys.listByOrg(org_id),
    ]);
    if (!organization) throw new NotFoundError('Organization', org_id);
    const administrators = members.filter(isAdmin);
    return { organization, member_count: members.length, api_key_count: keys.length, administrators };
  }
}
