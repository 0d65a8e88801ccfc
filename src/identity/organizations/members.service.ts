import { Injectable } from '@nestjs/common';
import { ConflictError, InvalidStateError, NotFoundError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import type { Membership } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { actorOf, type Principal, requireGrantable, type Role } from '../principal.js';
import { StandingService } from '../authentication/standing.service.js';
import { ApiKeysRepository } from '../keys/api-keys.repository.js';
import { InvitationsRepository } from './invitations.repository.js';
import { type MemberRefusal, MembersRepository } from './members.repository.js';

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
