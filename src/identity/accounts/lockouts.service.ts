import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { RateLimitedError } from '../../shared/domain-error.js';
import { type SignInFailures, SignInFailuresRepository } from './sign-in-failures.repository.js';

export const ALLOWED_FAILURES = 5;
const WINDOW_MS = 15 * 60_000;
export const LOCK_MS = 15 * 60_000;

/** Five failures within 15 minutes lock an address for 15 minutes, from wherever they come and in whichever process. */
@Injectable()
export class LockoutsService {
  constructor(
    private readonly repository: SignInFailuresRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws RateLimitedError while the address is locked. @returns whether failures are remembered. */
  async requireOpen(email: string): Promise<boolean> {
    const known = await this.repository.find(email);
    this.requireUnlocked(known);
    return known !== undefined;
  }

  async countFailure(email: string): Promise<void> {
    const now = this.clock.now().getTime();
    const { failures } = await this.repository.add(email, now, seconds(now + WINDOW_MS));
    const recent = failures.filter((at) => at > now - WINDOW_MS);
    if (recent.length >= ALLOWED_FAILURES) await this.repository.lock(email, now + LOCK_MS, seconds(now + LOCK_MS));
  }

  async forget(email: string): Promise<void> {
    await this.repository.forget(email);
  }

  private requireUnlocked(known: SignInFailures | undefined): void {
    const left = (known?.locked_until ?? 0) - this.clock.now().getTime();
    if (left > 0)
      throw new RateLimitedError('Too many failed sign-ins with this e-mail address', Math.ceil(left / 1000), {
        suggestion: 'Wait as long as Retry-After says, then sign in with the right password.',
      });
  }
}

const seconds = (ms: number): number => Math.ceil(ms / 1000);
