import { Injectable } from '@nestjs/common';
import { ConflictError, NotFoundError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import type { Page } from '../../shared/page.js';
import {
  DEFAULT_ORGANIZATION,
  isAdmin,
  isOwnedBy,
  type Membership,
  normalEmail,
  type Organization,
  type User,
} from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { AccessTokens, familyOf } from '../authentication/access-tokens.js';
import { ApiKeysRepository } from '../keys/api-keys.repository.js';
import {
  MembersRepository,
  type ListedOrganization,
  OrganizationsRepository,
} from '../organizations/organizations.repository.js';
import { holds, type Principal, requireToken, type Role } from '../principal.js';

/** The actor of audit entries for changes made on the command line. */
const CONSOLE = 'console';

export interface OrganizationDetails {
  organization: Organization;
  member_count: number;
  api_key_count: number;
  administrators: Membership[];
}

/**
 * The operators of the platform: members of the organization `default` with the role `system_admin`. The role is granted and revoked
 * by `npm run operators` only, so no token can make an operator. Operators list all organizations, and administer one of them only by
 * entering it, which its audit log records with the reason.
 */
@Injectable()
export class OperatorsService {
  constructor(
    private readonly organizations: OrganizationsRepository,
    private readonly accounts: AccountsRepository,
    private readonly members: MembersRepository,
    private readonly keys: ApiKeysRepository,
    private readonly tokens: AccessTokens,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
  ) {}

  async list(): Promise<Membership[]> {
    return (await this.members.listByOrg(DEFAULT_ORGANIZATION)).filter(isOperator);
  }

  /**
   * Whether the principal may see what concerns the whole platform: an operator, or the owner of the organization `default`, which is
   * the account of the first start. A `default` of version 1.0.0 has no owner until its first transfer; its administrators count.
   */
  async isOperator(principal: Principal): Promise<boolean> {
    if (principal.is_operator === true || holds(principal, 'system_admin')) return true;
    if (principal.org_id !== DEFAULT_ORGANIZATION || !isAdmin(principal)) return false;
    const organization = (await this.accounts.findOrganization(DEFAULT_ORGANIZATION)) ?? {};
    return isOwnedBy(organization, principal.user_id);
  }

  /** Idempotent. @returns whether it changed anything. @throws NotFoundError, ConflictError */
  async grant(email: string): Promise<boolean> {
    const found = await this.member(email);
    const { roles } = found.member;
    return !isOperator(found.member) && this.change(found, [...roles, 'system_admin'], 'operator.granted');
  }

  /** Ends the operator's sign-ins: running processes refuse their tokens within 4 seconds. @returns and throws as {@link grant} */
  async revoke(email: string): Promise<boolean> {
    const found = await this.member(email);
    const rest = found.member.roles.filter((role) => role !== 'system_admin');
    return isOperator(found.member) && this.change(found, rest, 'operator.revoked');
  }

  async listOrganizations(page: { limit: number; last_key?: string }): Promise<Page<ListedOrganization>> {
    return this.organizations.listAll(page);
  }

  /** @throws NotFoundError */
  async organization(org_id: string): Promise<OrganizationDetails> {
    const [organization, members, keys] = await Promise.all([
      this.accounts.findOrganization(org_id),
      this.members.listByOrg(org_id),
      this.keys.listByOrg(org_id),
    ]);
    if (!organization) throw new NotFoundError('Organization', org_id);
    const administrators = members.filter(isAdmin);
    return { organization, member_count: members.length, api_key_count: keys.length, administrators };
  }

  /**
   * Enters an organization: an access token for 15 minutes, without a refresh token. It is issued only after both logs have recorded
   * it, the organization's own and that of the operators.
   * @returns an access token. @throws NotFoundError, PermissionDeniedError for API keys, DatabaseError
   */
  async enter(principal: Principal, org_id: string, reason: string): Promise<string> {
    const token_id = requireToken(principal);
    if (!(await this.accounts.findOrganization(org_id))) throw new NotFoundError('Organization', org_id);
    const fact = {
      actor: principal.user_id,
      action: 'operator.entered',
      outcome: 'success',
      target: org_id,
      details: { reason },
    } as const;
    const logs = new Set([org_id, DEFAULT_ORGANIZATION]);
    await Promise.all([...logs].map((log) => this.audit.record({ ...fact, org_id: log })));
    return this.tokens.signForOperator(principal.user_id, org_id, familyOf(token_id));
  }

  private async member(email: string): Promise<{ user: User; member: Membership }> {
    const user = await this.accounts.findUserByEmail(normalEmail(email));
    const member = user && (await this.accounts.findMembership(DEFAULT_ORGANIZATION, user.user_id));
    if (user && member) return { user, member };
    throw new NotFoundError(`Member of the organization ${DEFAULT_ORGANIZATION}`, email, {
      suggestion: `Invite ${email} to the organization ${DEFAULT_ORGANIZATION} first.`,
    });
  }

  private async change(
    { user, member }: { user: User; member: Membership },
    roles: Role[],
    action: string,
  ): Promise<true> {
    if (await this.members.changeRoles(member, user, roles, this.ids.next('fam')))
      throw new ConflictError('The member was changed by another request; try again');
    const { user_id: target, email } = member;
    const fact = { org_id: DEFAULT_ORGANIZATION, actor: CONSOLE, action, outcome: 'success', target } as const;
    await this.audit.record({ ...fact, details: { email } });
    return true;
  }
}

const isOperator = ({ roles }: Membership): boolean => roles.includes('system_admin');
