import { Injectable } from '@nestjs/common';
import { ConflictError, InvalidStateError, NotFoundError, PermissionDeniedError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { type Membership, isAdmin, isOwnedBy, type Organization } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { actorOf, type Principal, requireGrantable, type Role, requireToken } from '../principal.js';
import { StandingService } from '../authentication/standing.service.js';
import { ApiKeysRepository } from '../keys/api-keys.repository.js';
import {
  InvitationsRepository,
  type MemberRefusal,
  MembersRepository,
  OrganizationsRepository,
} from './organizations.repository.js';
import { Clock } from '../../shared/clock.js';
import { AccountService } from '../authentication/account.service.js';

/** Who belongs to the caller's organization, and as what. An organization never loses its last administrator. */
@Injectable()
export class MembersService {
  constructor(
    private readonly members: MembersRepository,
    private readonly accounts: AccountsRepository,
    private readonly standing: StandingService,
    private readonly ids: Ids,
    private readonly keys: ApiKeysRepository,
    private readonly invitations: InvitationsRepository,
    private readonly audit: AuditLog,
  ) {}

  async list(org_id: string): Promise<Membership[]> {
    return this.members.listByOrg(org_id);
  }

  /**
   * Ends the member's sign-ins that hold tokens for the organization: the new roles take a new sign-in. Keys stay. The same
   * roles again change nothing.
   * @throws NotFoundError, PermissionDeniedError, InvalidStateError for the last administrator, ConflictError
   */
  async changeRoles(principal: Principal, user_id: string, roles: Role[]): Promise<Membership> {
    requireGrantable(principal, roles);
    const member = await this.member(principal, user_id);
    requireGrantable(principal, member.roles);
    const user = await this.accounts.findUser(user_id);
    if (!user) throw new NotFoundError('Member', user_id);
    if (isSame(member.roles, roles)) return member;
    await this.requireDone(member, await this.members.changeRoles(member, user, roles, this.ids.next('fam')));
    this.standing.changed(user_id, principal.org_id);
    await this.record(principal, 'member.roles_changed', user_id, { from: member.roles, to: roles });
    return { ...member, roles };
  }

  /**
   * Ends the member's sign-ins that hold tokens for the organization, and deletes the member's keys and open invitations there. If the
   * process dies in between, those are refused all the same: they end with the membership.
   * @throws as {@link changeRoles}
   */
  async remove(principal: Principal, user_id: string): Promise<void> {
    const member = await this.member(principal, user_id);
    requireGrantable(principal, member.roles);
    const user = await this.accounts.findUser(user_id);
    await this.requireDone(member, await this.members.remove(member, user, this.ids.next('fam')));
    this.standing.changed(user_id, principal.org_id);
    await Promise.all([
      this.keys.deleteOf(principal.org_id, user_id),
      this.invitations.deleteOf(principal.org_id, user_id),
    ]);
    await this.record(principal, 'member.removed', user_id, { roles: member.roles });
  }

  private async member({ org_id }: Principal, user_id: string): Promise<Membership> {
    const member = await this.accounts.findMembership(org_id, user_id);
    if (!member) throw new NotFoundError('Member', user_id);
    return member;
  }

  private async requireDone({ org_id, user_id }: Membership, refusal: MemberRefusal | undefined): Promise<void> {
    if (refusal === 'last_admin') {
      const { owner_id } = (await this.accounts.findOrganization(org_id)) ?? {};
      throw owner_id === user_id
        ? new InvalidStateError('The owner of an organization must remain its administrator', {
            details: { reason: 'owner' },
            suggestion: 'Transfer the organization to another member first.',
          })
        : new InvalidStateError('The last administrator of an organization cannot be removed or lose the role', {
            details: { reason: 'last_admin' },
            suggestion: 'Make another member an administrator first.',
          });
    }
    if (refusal) throw new ConflictError('The member was changed by another request');
  }

  private async record(principal: Principal, action: string, target: string, details: Record<string, unknown>) {
    const { org_id } = principal;
    await this.audit.record({ org_id, actor: actorOf(principal), action, outcome: 'success', target, details });
  }
}

const isSame = (held: Role[], given: Role[]): boolean =>
  held.length === given.length && given.every((role) => held.includes(role));

/** Organizations: created, listed, renamed, transferred. */
@Injectable()
export class OrganizationsService {
  constructor(
    private readonly organizations: OrganizationsRepository,
    private readonly accounts: AccountsRepository,
    private readonly members: MembersService,
    private readonly account: AccountService,
    private readonly standing: StandingService,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {}

  async listOf(user_id: string): Promise<{ organization: Organization; membership: Membership }[]> {
    return this.account.organizationsOf(user_id);
  }

  /** The user becomes its administrator. The audit entries are stored in the same transaction. @throws NotFoundError */
  async create(principal: Principal, name: string): Promise<{ organization: Organization; membership: Membership }> {
    const { user_id } = principal;
    const { email, name: user_name } = await this.account.get(user_id);
    const org_id = this.ids.next('org');
    const created_at = this.clock.timestamp();
    const organization: Organization = { org_id, name, admin_count: 1, owner_id: user_id, created_at };
    const membership: Membership = { org_id, user_id, email, name: user_name, roles: ['admin'], created_at };
    const fact = { actor: user_id, action: 'organization.created', outcome: 'success', target: org_id } as const;
    const logs = [org_id, principal.org_id];
    const entries = logs.map((log) => this.audit.creationOf({ ...fact, org_id: log, details: { name } }));
    if (!(await this.accounts.createOrganization(organization, membership, entries)))
      throw new NotFoundError('User', user_id);
    this.standing.changed(user_id, org_id);
    return { organization, membership };
  }

  /** The user's membership of another organization. @throws NotFoundError also when the user does not belong to it */
  async membership(org_id: string, user_id: string): Promise<Membership> {
    const membership = await this.accounts.findMembership(org_id, user_id);
    if (!membership) throw new NotFoundError('Organization', org_id);
    return membership;
  }

  /** @throws NotFoundError */
  async rename(principal: Principal, name: string): Promise<Organization> {
    const organization = await this.organization(principal.org_id);
    if (!(await this.organizations.rename(organization, name)))
      throw new NotFoundError('Organization', organization.org_id);
    await this.record(principal, 'organization.renamed', { from: organization.name, to: name });
    return { ...organization, name };
  }

  /**
   * Makes a member the owner, after making it an administrator if necessary. Organizations of version 1.0.0 have no owner until the
   * first transfer, which any administrator may make.
   * @throws PermissionDeniedError for anyone but the owner and for API keys, NotFoundError for a user who is no member, ConflictError
   */
  async transfer(principal: Principal, user_id: string): Promise<Organization> {
    requireToken(principal);
    const { org_id } = principal;
    const organization = await this.organization(org_id);
    const { owner_id } = organization;
    if (!isOwnedBy(organization, principal.user_id))
      throw new PermissionDeniedError('Only the owner can transfer the organization', {
        details: { owner_id },
        suggestion: 'Ask the owner to transfer it.',
      });
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
