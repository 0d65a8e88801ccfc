import { Injectable } from '@nestjs/common';
import { UnauthenticatedError } from '../../shared/domain-error.js';
import { DEFAULT_ORGANIZATION, type Membership, type User } from '../accounts/account.js';
import { membershipKey, organizationKey, revokedTokenKey, userKey } from '../identity-keys.js';
import type { Principal, Role } from '../principal.js';
import { type AccessClaims, familyOf, OPERATOR_ROLES } from '../tokens/access-tokens.js';
import { StandingCache } from './standing-cache.js';
import { StandingRepository } from './standing.repository.js';

/** Whether who holds a valid token or key may still come in, and with which roles: as the membership says now, not as the token did. */
@Injectable()
export class StandingService {
  constructor(
    private readonly cache: StandingCache,
    private readonly repository: StandingRepository,
  ) {}

  /** @throws UnauthenticatedError for a token that was signed out, or whose user, membership or sign-in has ended. */
  async ofToken({ sub, org, jti, operator }: AccessClaims): Promise<Principal> {
    if (![sub, org, jti].every((claim) => typeof claim === 'string' && claim !== '')) throw refused();
    const [revoked, user, roles] = await Promise.all([
      this.cache.read(revokedTokenKey(jti)),
      this.cache.read<User>(userKey(sub)),
      operator === true ? this.rolesOfOperator(org, sub) : this.rolesOfMember(org, sub),
    ]);
    if (revoked || !user || !roles || !sessionStands(user, familyOf(jti))) throw refused();
    const principal: Principal = { user_id: sub, org_id: org, roles, via: 'token', token_id: jti };
    return operator === true ? { ...principal, is_operator: true } : principal;
  }

  /** The user's membership as it is now, or was up to 30 seconds ago. */
  async membership(org_id: string, user_id: string): Promise<Membership | undefined> {
    const [user, membership] = await Promise.all([
      this.cache.read<User>(userKey(user_id)),
      this.cache.read<Membership>(membershipKey(org_id, user_id)),
    ]);
    return user && membership;
  }

  private async rolesOfMember(org_id: string, user_id: string): Promise<Role[] | undefined> {
    return (await this.cache.read<Membership>(membershipKey(org_id, user_id)))?.roles;
  }

  /** In an organisation that is there, for as long as the user is an operator. */
  private async rolesOfOperator(org_id: string, user_id: string): Promise<Role[] | undefined> {
    const [organization, own] = await Promise.all([
      this.cache.read(organizationKey(org_id)),
      this.rolesOfMember(DEFAULT_ORGANIZATION, user_id),
    ]);
    return organization && own?.includes('system_admin') ? OPERATOR_ROLES : undefined;
  }

  /** Signs an access token out: here at once, in other processes within 30 seconds. */
  async revokeToken(jti: string, expires_at: number): Promise<void> {
    await this.repository.revokeToken(jti, expires_at);
    this.cache.forget(revokedTokenKey(jti));
  }

  /** What is known of a user or a membership has changed. */
  changed(user_id: string, org_id?: string): void {
    this.cache.forget(userKey(user_id), ...(org_id === undefined ? [] : [membershipKey(org_id, user_id)]));
  }
}

/** A change of the password ends every sign-in before it, but for the one that changed it. Ids of families are in order of time. */
export function sessionStands(user: User, family_id: string): boolean {
  return user.sessions_after === undefined || family_id > user.sessions_after || family_id === user.sessions_kept;
}

const refused = (): UnauthenticatedError => new UnauthenticatedError('The token is not valid any more');
