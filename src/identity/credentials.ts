import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ApiKeyLogin } from './keys/api-key-login.service.js';
import { presentedKey } from './keys/presented-key.js';
import type { Principal } from './principal.js';
import { AccessTokenLogin } from './tokens/access-token-login.service.js';

/** The key or the access token that a request carries. */
@Injectable()
export class Credentials {
  constructor(
    private readonly keys: ApiKeyLogin,
    private readonly tokens: AccessTokenLogin,
  ) {}

  /** @throws UnauthenticatedError without valid credentials, whatever is wrong with them; DatabaseError */
  async principalOf(request: Request): Promise<Principal> {
    const key = presentedKey(request.headers);
    return key === undefined ? this.tokens.principalOf(request) : this.keys.principalOf(key);
  }
}
