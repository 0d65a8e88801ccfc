import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { Settings } from '../../platform/config/settings.js';
import { persistedKey } from '../../platform/secrets/secret-box.js';
import { Ids } from '../../shared/ids.js';
import type { Role } from '../principal.js';

export const ACCESS_TOKEN_SECONDS = 900;
export const REFRESH_TOKEN_SECONDS = 7 * 86_400;
/** A sign-in ends this long after it began, however often its tokens are refreshed. */
export const SIGN_IN_SECONDS = 30 * 86_400;
/** The only algorithm that is accepted, whatever a token's header says. */
export const ALGORITHM = 'HS256';
const KEY_FILE = 'tokens.key';

/** JWT_SECRET_KEY; without one (never in production) a key that is kept in the data directory, so that sign-ins survive a restart. */
export function tokenSecret(settings: Settings): string | Buffer {
  return settings.get('JWT_SECRET_KEY') ?? persistedKey(settings.get('NEXUS_DATA_DIR'), KEY_FILE, 'access tokens');
}

/** What an access token says. `jti` is `<family>.<own id>`, so that a token tells which sign-in it belongs to. */
export interface AccessClaims {
  sub: string;
  org: string;
  roles: Role[];
  jti: string;
  iat: number;
  exp: number;
  /** An operator of the platform in an organization of others. */
  operator?: true;
}

/** What an operator is in an organization that it enters. */
export const OPERATOR_ROLES: Role[] = ['admin'];

/** Signs access tokens: HS256, 15 minutes. Issuer and audience come from the settings. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly ids: Ids,
  ) {}

  sign(member: { user_id: string; org_id: string; roles: Role[] }, family_id: string): string {
    const { user_id, org_id, roles } = member;
    return this.signed({ org: org_id, roles }, user_id, family_id);
  }

  /** For an operator of the platform in any organization: as its administrator, for as long as every access token. */
  signForOperator(user_id: string, org_id: string, family_id: string): string {
    return this.signed({ org: org_id, roles: OPERATOR_ROLES, operator: true }, user_id, family_id);
  }

  /** The family that a token of this platform was signed for. */
  familyIn(access_token: string): string {
    return familyOf(this.jwt.decode<AccessClaims>(access_token).jti);
  }

  private signed(claims: Pick<AccessClaims, 'org' | 'roles' | 'operator'>, subject: string, family_id: string): string {
    return this.jwt.sign(claims, { subject, jwtid: `${family_id}.${this.ids.next('jti')}` });
  }
}

/** The sign-in that a token belongs to. */
export const familyOf = (jti: string): string => jti.split('.', 1)[0] ?? '';
