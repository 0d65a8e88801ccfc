import { Injectable } from '@nestjs/common';
import { UnauthenticatedError } from '../../shared/domain-error.js';
import {
  DEFAULT_ORGANIZATION,
  type Membership,
  type Organization,
  type User,
  familyStands,
  type RefreshFamily,
} from '../accounts/account.js';
import { familyKey, membershipKey, organizationKey, revokedTokenKey, userKey } from '../identity.tables.js';
import type { Principal, Role } from '../principal.js';
import { type AccessClaims, familyOf, OPERATOR_ROLES } from './access-tokens.js';
import { StandingRepository } from './standing.repository.js';

/** Whether the holder of a valid token or key is still accepted, and with which roles: those of the membership now, not those in the token. */
@Injectable()
export class StandingService {
  constructor(private readonly records: StandingRepository) {}

  /** @throws UnauthenticatedError when the token was signed out, or its sign-in, user or membership has ended; DatabaseError */
  async ofToken({
    sub,
    org,
    jti,
    operator,
  }: Pick<AccessClaims, 'sub' | 'org' | 'jti' | 'operator'>): Promise<Principal> {
    if (![sub, org, jti].every((claim) => typeof claim === 'string' && claim !== '')) throw refused();
    const [revoked, family, user, roles] = await Promise.all([
      this.records.read(revokedTokenKey(jti)),
      this.records.read<RefreshFamily>(familyKey(familyOf(jti))),
      this.records.read<User>(userKey(sub)),
      operator === true ? this.rolesOfOperator(org, sub) : this.rolesOfMember(org, sub),
    ]);
    if (revoked || !user || !roles || !familyStands(user, family)) throw refused();
    const principal: Principal = { user_id: sub, org_id: org, roles, via: 'token', token_id: jti };
    return operator === true ? { ...principal, is_operator: true } : principal;
  }

  /** The user's membership as it was at most 4 seconds ago. */
  async membership(org_id: string, user_id: string): Promise<Membership | undefined> {
    const [user, membership] = await Promise.all([
      this.records.read<User>(userKey(user_id)),
      this.records.read<Membership>(membershipKey(org_id, user_id)),
    ]);
    return user && membership;
  }

  private async rolesOfMember(org_id: string, user_id: string): Promise<Role[] | undefined> {
    return (await this.records.read<Membership>(membershipKey(org_id, user_id)))?.roles;
  }

  /** In an organization that is there, for as long as the user is an operator. */
  private async rolesOfOperator(org_id: string, user_id: string): Promise<Role[] | undefined> {
    const [organization, own] = await Promise.all([
      this.records.read<Organization>(organizationKey(org_id)),
      this.rolesOfMember(DEFAULT_ORGANIZATION, user_id),
    ]);
    return organization && organization.deleting_at === undefined && own?.includes('system_admin')
      ? OPERATOR_ROLES
      : undefined;
  }

  /** Signs an access token out: here at once, in other processes within 4 seconds. */
  async revokeToken(jti: string, expires_at: number): Promise<void> {
    await this.records.revokeToken(jti, expires_at);
  }

  /** Call it after a family was revoked or got another organization. */
  familyChanged(family_id: string): void {
    this.records.forget(familyKey(family_id));
  }

  /** Call it after a user or a membership was changed. */
  changed(user_id: string, org_id?: string): void {
    this.records.forget(userKey(user_id), ...(org_id === undefined ? [] : [membershipKey(org_id, user_id)]));
  }
}

const refused = (): UnauthenticatedError => new UnauthenticatedError('The token is no longer valid');
