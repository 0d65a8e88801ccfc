import { Injectable } from '@nestjs/common';
import { ConflictError, NotFoundError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { DEFAULT_ORGANIZATION, type Membership, type User } from '../accounts/account.js';
import { normalEmail } from '../accounts/email-address.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { MembersRepository } from '../organizations/members.repository.js';
import type { Role } from '../principal.js';

/** Whom the audit log names for what was done with access to the database, not over HTTP. */
const CONSOLE = 'console';

/**
 * Who operates the platform: members of the organisation `default` with the role `system_admin`. It is given and taken by
 * `npm run operators` only, so that no token, however it was come by, makes an operator.
 */
@Injectable()
export class OperatorsService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly members: MembersRepository,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
  ) {}

  async list(): Promise<Membership[]> {
    return (await this.members.listByOrg(DEFAULT_ORGANIZATION)).filter(isOperator);
  }

  /** Again changes nothing. @returns whether it changed anything. @throws NotFoundError, ConflictError */
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

  private async member(email: string): Promise<{ user: User; member: Membership }> {
    const user = await this.accounts.findUserByEmail(normalEmail(email));
    const member = user && (await this.accounts.findMembership(DEFAULT_ORGANIZATION, user.user_id));
    if (user && member) return { user, member };
    throw new NotFoundError(`Member of the organisation ${DEFAULT_ORGANIZATION}`, email, {
      suggestion: `Invite ${email} to the organisation ${DEFAULT_ORGANIZATION} first.`,
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
