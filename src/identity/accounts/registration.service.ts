import { Injectable } from '@nestjs/common';
import type { Write } from '../../platform/database/unit-of-work.js';
import { ValidationError } from '../../shared/domain-error.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import { hasAsciiLocalPart, type Membership, normalEmail, type Organization, type User } from './account.js';
import { AuditLog } from '../audit/audit-log.js';
import { AccountsRepository } from './accounts.repository.js';
import { Passwords } from './passwords.js';

export interface NewUser {
  email: string;
  email_verified: boolean;
  name: string;
  /** As typed, or the hash of a password that was checked before; null for a user of another provider. */
  password: string | { hash: string } | null;
}

/** Creates users: with a new organization, or as members of the organization that invited them. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly passwords: Passwords,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {}

  /**
   * A user and a new organization that the user administers. The audit entry is stored in the same transaction.
   * @param options.alongside written with it or not at all
   * @returns undefined when the address or the organization is taken, or what is alongside cannot be written.
   * @throws ValidationError for a bad password or address
   */
  async withOrganization(
    given: NewUser,
    name: string,
    { org_id = this.ids.next('org'), alongside = [] }: { org_id?: string; alongside?: Write[] } = {},
  ): Promise<{ user: User; membership: Membership } | undefined> {
    const user = await this.newUser(given, org_id);
    const membership = membershipOf(user, org_id, ['admin']);
    const organization: Organization = {
      org_id,
      name,
      admin_count: 1,
      owner_id: user.user_id,
      created_at: user.created_at,
    };
    const { user_id: actor } = user;
    const fact = { org_id, actor, action: 'organization.created', outcome: 'success', target: org_id } as const;
    const entry = this.audit.creationOf({ ...fact, details: { name } });
    const isNew = await this.accounts.createWithOrganization(user, organization, membership, [...alongside, entry]);
    return isNew ? { user, membership } : undefined;
  }

  /** A user in an organization that exists. @returns undefined when {@link AccountsRepository.createMember} could not. */
  async asMember(
    given: NewUser,
    org_id: string,
    roles: Membership['roles'],
    alongside: Write[],
  ): Promise<{ user: User; membership: Membership } | undefined> {
    const user = await this.newUser(given, org_id);
    const membership = membershipOf(user, org_id, roles);
    return (await this.accounts.createMember(user, membership, alongside)) ? { user, membership } : undefined;
  }

  /**
   * Checks what a new user chose, whether or not the address has an account.
   * @returns the normalized address. @throws ValidationError naming `email` or `password`
   */
  async requireGood(given: string, password: NewUser['password']): Promise<string> {
    const email = normalEmail(given);
    if (!hasAsciiLocalPart(email))
      throw ValidationError.field('email', 'must have only ASCII letters, digits and symbols before the @');
    if (typeof password === 'string') await this.passwords.requireGood('password', password, email);
    return email;
  }

  private async newUser({ password, ...given }: NewUser, org_id: string): Promise<User> {
    const email = await this.requireGood(given.email, password);
    return {
      ...given,
      user_id: this.ids.next('usr'),
      email,
      password_hash: typeof password === 'string' ? await this.passwords.hash(password) : (password?.hash ?? null),
      org_ids: [org_id],
      created_at: this.clock.timestamp(),
    };
  }
}

function membershipOf(user: User, org_id: string, roles: Membership['roles']): Membership {
  const { user_id, email, name, created_at } = user;
  return { org_id, user_id, email, name, roles, created_at };
}
