import { Injectable } from '@nestjs/common';
import type { TransactItem } from '../../platform/dynamodb/dynamodb.js';
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
  /** Null for a user who signs in through another provider only. */
  password: string | null;
}

/** Makes users: with an organisation of their own, or in one that invited them. */
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
   * A user with a new organisation and its administration.
   * @returns undefined when the address or the organisation is taken. @throws ValidationError for a bad password.
   */
  async withOrganization(
    given: NewUser,
    name: string,
    org_id = this.ids.next('org'),
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
    const isNew = await this.accounts.createWithOrganization(user, organization, membership);
    if (!isNew) return undefined;
    const { user_id: actor } = user;
    const fact = { org_id, actor, action: 'organization.created', outcome: 'success', target: org_id } as const;
    await this.audit.record({ ...fact, details: { name } });
    return { user, membership };
  }

  /** A user in an organisation that exists. @returns undefined when {@link AccountsRepository.createMember} could not. */
  async asMember(
    given: NewUser,
    org_id: string,
    roles: Membership['roles'],
    alongside: TransactItem[],
  ): Promise<{ user: User; membership: Membership } | undefined> {
    const user = await this.newUser(given, org_id);
    const membership = membershipOf(user, org_id, roles);
    return (await this.accounts.createMember(user, membership, alongside)) ? { user, membership } : undefined;
  }

  private async newUser({ password, ...given }: NewUser, org_id: string): Promise<User> {
    const email = normalEmail(given.email);
    if (!hasAsciiLocalPart(email))
      throw ValidationError.field('email', 'must have only ASCII letters, digits and signs before the @');
    if (password !== null) await this.passwords.requireGood('password', password, email);
    return {
      ...given,
      user_id: this.ids.next('usr'),
      email,
      password_hash: password === null ? null : await this.passwords.hash(password),
      org_ids: [org_id],
      created_at: this.clock.timestamp(),
    };
  }
}

function membershipOf(user: User, org_id: string, roles: Membership['roles']): Membership {
  const { user_id, email, name, created_at } = user;
  return { org_id, user_id, email, name, roles, created_at };
}
