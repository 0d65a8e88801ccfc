import { isIPv4, isIPv6 } from 'node:net';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { RateLimitedError, PermissionDeniedError, UnauthenticatedError } from '../../shared/domain-error.js';
import { AttemptsRepository } from '../accounts/attempts.repository.js';
import { type Membership, normalEmail, type User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { Passwords } from '../accounts/passwords.js';
import { AuditLog } from '../audit/audit-log.js';
import { TotpService } from '../totp/totp.service.js';
import type { TotpRequiredDto } from './dto/totp.dto.js';
import { TokensService } from './tokens.service.js';
import type { TokensDto } from './dto/auth.dto.js';

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
 * the same for email addresses without an account.
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
      throw new RateLimitedError('Too many failed sign-ins with this email address', Math.ceil((until - now) / 1000), {
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

export interface SignedIn extends TokensDto {
  user: { user_id: string; email: string; name: string; org_id: string; roles: string[] };
}

/** Signs users in, by any method, and records it in the audit log. */
@Injectable()
export class SignInService {
  private readonly logger = new Logger(SignInService.name);

  constructor(
    private readonly accounts: AccountsRepository,
    private readonly passwords: Passwords,
    private readonly lockouts: LockoutsService,
    private readonly tokens: TokensService,
    private readonly totp: TotpService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws UnauthenticatedError, RateLimitedError, PermissionDeniedError for a user without an organization */
  async withPassword(email: string, password: string, address: string): Promise<SignedIn | TotpRequiredDto> {
    const user = await this.requireUser(email, password, address).catch((error: unknown) => {
      // Not awaited: only accounts have a log, and the time taken must not reveal whether the account exists.
      void this.noteRefusal(normalEmail(email), address);
      throw error;
    });
    return this.afterFirstFactor(user, 'password');
  }

  /**
   * Tokens for a user who has proven the first factor, or a challenge when the account has a second one.
   * @throws and @param as {@link of}
   */
  async afterFirstFactor(user: User, method: string, membership?: Membership): Promise<SignedIn | TotpRequiredDto> {
    if (user.totp_enabled === true) return this.totp.challenge(user, method, membership);
    return this.of(user, method, membership);
  }

  /**
   * Tokens for a user who has proven every factor that the account has.
   * @param method how: `password`, `google`, `invitation`, …
   * @param membership of the organization to sign in to; without it, that of the first organization of the user.
   */
  async of(user: User, method: string, membership?: Membership): Promise<SignedIn> {
    const member = membership ?? (await this.requireMembership(user));
    const { user_id, org_id, roles } = member;
    const pair = await this.tokens.begin(member);
    await this.audit.record({ org_id, actor: user_id, action: 'auth.login', outcome: 'success', details: { method } });
    return { ...pair, user: { user_id, email: user.email, name: user.name, org_id, roles } };
  }

  /** For another organization of the user, in the same sign-in. @throws UnauthenticatedError when that has ended */
  async switch(user: User, membership: Membership, family_id: string): Promise<SignedIn> {
    const { user_id, org_id, roles } = membership;
    const pair = await this.tokens.switch(membership, family_id);
    const details = { method: 'switch' };
    await this.audit.record({ org_id, actor: user_id, action: 'auth.login', outcome: 'success', details });
    return { ...pair, user: { user_id, email: user.email, name: user.name, org_id, roles } };
  }

  /**
   * The user of an email address and a password. An unknown address gets the same answer, the same work and the same lock.
   * @param address of the client; failures are counted for it
   * @throws UnauthenticatedError for any wrong pair, RateLimitedError while the account is locked for the client.
   */
  async requireUser(given: string, password: string, address: string): Promise<User> {
    const email = normalEmail(given);
    await this.lockouts.requireOpen(email, address);
    const user = await this.accounts.findUserByEmail(email);
    const isRight = await this.passwords.matches(password, user?.password_hash);
    if (!user || !isRight) {
      await this.lockouts.countFailure(email, address);
      throw new UnauthenticatedError('The email address or the password is wrong', {
        suggestion: 'Check both and try again. Five failures lock the account for your IP address for 15 minutes.',
      });
    }
    // Checked again: of parallel guesses, a right one is refused once the others have locked the account.
    await this.lockouts.requireOpen(email, address);
    await this.lockouts.succeeded(email, address);
    return user;
  }

  /** The organization that a user signs in to: the first that it joined and still belongs to. */
  private async requireMembership(user: User): Promise<Membership> {
    const [first] = await this.accounts.organizationsOf(user);
    if (first) return first.membership;
    throw new PermissionDeniedError('You do not belong to any organization', {
      suggestion: 'Ask an administrator for an invitation.',
    });
  }

  /** In the log of each organization of the account; an address without an account has no organization. */
  private async noteRefusal(email: string, address: string): Promise<void> {
    try {
      const user = await this.accounts.findUserByEmail(email);
      const fact = {
        actor: address,
        action: 'auth.login',
        outcome: 'refused',
        details: { user_id: user?.user_id },
      } as const;
      for (const org_id of user?.org_ids ?? []) this.audit.note({ ...fact, org_id });
    } catch (error) {
      this.logger.error({ msg: 'a refused sign-in could not be recorded', err: error });
    }
  }
}
