import { Injectable } from '@nestjs/common';
import { SelfCalls } from '../../self-calls.js';
import { ComponentCheck, type ComponentState } from '../component-check.js';

/** Unauthenticated, or not even heard because too many strangers came. */
const REFUSALS: readonly number[] = [401, 429];

/** Knocks at a closed door, without a token and with a forged one: both must be refused, by the guard that all routes have. */
@Injectable()
export class AuthenticationComponent extends ComponentCheck {
  override readonly name = 'authentication';

  constructor(private readonly self: SelfCalls) {
    super();
  }

  override async look(): Promise<ComponentState> {
    const [nobody, forged] = await Promise.all([
      this.self.ask('/api/v1/auth/me'),
      this.self.ask('/api/v1/auth/me', { headers: { authorization: `Bearer ${FORGED_TOKEN}` } }),
    ]);
    const isClosed = [nobody, forged].every(({ status }) => REFUSALS.includes(status));
    return isClosed
      ? { status: 'healthy', message: 'Refuses requests without a token and with a forged one' }
      : { status: 'unhealthy', message: `Answered ${nobody.status} without a token, ${forged.status} to a forged one` };
  }
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token that says of itself that it needs no signature. */
export const FORGED_TOKEN = `${part({ alg: 'none', typ: 'JWT' })}.${part({ sub: 'nobody', org: 'default', roles: ['admin'], exp: 4_102_444_800 })}.`;
