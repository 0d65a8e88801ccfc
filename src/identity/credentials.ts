import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ApiKeyLogin } from './keys/api-key-login.service.js';
import { presentedKey } from './keys/presented-key.js';
import type { Principal } from './principal.js';
import { StandingService } from './standing/standing.service.js';
import { AccessTokenLogin } from './tokens/access-token-login.service.js';

/** The key or the access token that a request carries. */
@Injectable()
export class Credentials {
  constructor(
    private readonly keys: ApiKeyLogin,
    private readonly tokens: AccessTokenLogin,
    private readonly standing: StandingService,
  ) {}

  /** @throws UnauthenticatedError without valid credentials, whatever is wrong with them; DatabaseError */
  async principalOf(request: Request): Promise<Principal> {
    const key = presentedKey(request.headers);
    return key === undefined ? this.tokens.principalOf(request) : this.keys.principalOf(key);
  }

  /**
   * The same principal with its roles of now. An access token that has only expired passes: its sign-in counts.
   * @throws UnauthenticatedError when the sign-in, key, user or membership has ended; DatabaseError
   */
  recheck(principal: Principal): Promise<Principal> {
    const { via, user_id: sub, org_id: org, token_id: id = '', is_operator } = principal;
    if (via === 'api_key') return this.keys.principalOfKey(org, id);
    return this.standing.ofToken({ sub, org, jti: id, ...(is_operator ? { operator: true } : {}) });
  }
}
