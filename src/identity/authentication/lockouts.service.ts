import { isIPv4, isIPv6 } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { RateLimitedError } from '../../shared/domain-error.js';
import { AttemptsRepository } from '../accounts/attempts.repository.js';

export const ALLOWED_FAILURES = 5;
/** From all addresses together: 100 guesses an hour at one account, however many addresses an attacker has. */
const ALLOWED_FROM_EVERYWHERE = 25;
const WINDOW_MS = 15 * 60_000;
export const LOCK_MS = 15 * 60_000;
/** How long an address that an account signed in from stays known; renewed at most once a day. */
const KNOWN_MS = 30 * 86_400_000;
const RENEWED_MS = 86_400_000;
/** Groups of an IPv6 address that name a network: a client usually controls every address of its /64. */
const NETWORK_GROUPS = 4;

/**
 * Five failures within 15 minutes lock an account for 15 minutes for the client's address: others cannot lock its owner out. 25
 * failures from everywhere lock it for all addresses that it has not signed in from within 30 days. Counted in the database,
 * the same for e-mail addresses without an account.
 */
@Injectable()
export class LockoutsService {
  constructor(
    private readonly repository: AttemptsRepository,
    private readonly clock: Clock,
  ) {}

  /** @param address of the client. @throws RateLimitedError while the account is locked for it. */
  async requireOpen(email: string, address: string): Promise<void> {
    const now = this.now();
    const { here, everywhere, known_until } = await this.repository.findFailures(email, networkOf(address));
    const until = Math.max(here?.locked_until ?? 0, known_until > now ? 0 : (everywhere?.locked_until ?? 0));
    if (until > now)
      throw new RateLimitedError('Too many failed sign-ins with this e-mail address', Math.ceil((until - now) / 1000), {
        suggestion: 'Sign in with the correct password after the time in Retry-After.',
      });
  }

  async countFailure(email: string, address: string): Promise<void> {
    const bounds = [
      [networkOf(address), ALLOWED_FAILURES],
      [undefined, ALLOWED_FROM_EVERYWHERE],
    ] as const;
    await Promise.all(bounds.map(([network, allowed]) => this.count(email, network, allowed)));
  }

  /** Clears the failures of the address and marks its network as known for 30 days. */
  async succeeded(email: string, address: string): Promise<void> {
    const now = this.now();
    const network = networkOf(address);
    const { here, known_until } = await this.repository.findFailures(email, network);
    await Promise.all([
      here ? this.repository.forgetFailures(email, network) : undefined,
      known_until < now + KNOWN_MS - RENEWED_MS
        ? this.repository.rememberNetwork(email, network, now + KNOWN_MS)
        : undefined,
    ]);
  }

  private async count(email: string, network: string | undefined, allowed: number): Promise<void> {
    const now = this.now();
    const { failures } = await this.repository.addFailure(email, network, now, now + WINDOW_MS);
    if (failures.filter((at) => at > now - WINDOW_MS).length >= allowed)
      await this.repository.lock(email, network, now + LOCK_MS);
  }

  private now(): number {
    return this.clock.now().getTime();
  }
}

/** The address itself, of an IPv6 address its /64. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:/i, '');
  if (isIPv4(plain) || !isIPv6(address)) return plain;
  const [head = '', tail = ''] = address.split('::');
  const [left, right] = [head, tail].map((part) => (part === '' ? [] : part.split(':'))) as [string[], string[]];
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = [...left, ...zeros, ...right].slice(0, NETWORK_GROUPS);
  return groups.map((group) => parseInt(group, 16).toString(16)).join(':');
}
