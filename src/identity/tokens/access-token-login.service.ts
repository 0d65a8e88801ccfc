import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { DomainError, UnauthenticatedError } from '../../shared/domain-error.js';
import type { Principal } from '../principal.js';
import { AccessTokenStrategy } from './access-token.strategy.js';

/** What a strategy of Passport tells about one request. */
interface Attempt {
  success(principal: Principal): void;
  fail(): void;
  error(error: unknown): void;
  authenticate(request: IncomingMessage): void;
}

/**
 * From the access token of a request to its principal. Passport keeps strategies for the whole process; here the platform's
 * own one is asked, so that two platforms in one process do not take each other's tokens.
 */
@Injectable()
export class AccessTokenLogin {
  constructor(private readonly strategy: AccessTokenStrategy) {}

  /** @throws UnauthenticatedError without a valid token, whatever is wrong with it; DatabaseError */
  principalOf(request: IncomingMessage): Promise<Principal> {
    return new Promise((resolve, reject) => {
      const attempt = Object.create(this.strategy) as Attempt;
      attempt.success = resolve;
      attempt.fail = () => {
        reject(new UnauthenticatedError('Sign-in is needed'));
      };
      attempt.error = (error) => {
        reject(error instanceof DomainError ? error : new UnauthenticatedError('Sign-in is needed'));
      };
      attempt.authenticate(request);
    });
  }
}
