import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ApiKeyLogin } from './keys/api-key-login.service.js';
import { presentedKey } from './keys/presented-key.js';
import { UnauthenticatedError } from '../shared/domain-error.js';
import type { Principal } from './principal.js';
import { StandingService } from './standing/standing.service.js';
import { AccessTokenLogin } from './tokens/access-token-login.service.js';

/** The API key, the access token, or both, that a request carries. */
@Injectable()
export class Credentials {
  constructor(
    private readonly keys: ApiKeyLogin,
    private readonly tokens: AccessTokenLogin,
    private readonly standing: StandingService,
  ) {}

  /**
   * With a key in `X-API-Key` and a token in `Authorization` a valid one wins; the key if both are.
   * @throws UnauthenticatedError without valid credentials, whatever is wrong with them; DatabaseError
   */
  async principalOf(request: Request): Promise<Principal> {
    const { headers } = request;
    const key = presentedKey(headers);
    if (key === undefined) return this.tokens.principalOf(request);
    if (headers['x-api-key'] === undefined || headers.authorization === undefined) return this.keys.principalOf(key);
    const inAuthorization = presentedKey({ authorization: headers.authorization });
    try {
      return await this.keys.principalOf(key);
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error;
      return inAuthorization === undefined ? this.tokens.principalOf(request) : this.keys.principalOf(inAuthorization);
    }
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
