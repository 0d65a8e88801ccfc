import { Injectable } from '@nestjs/common';
import { SecretBox, newSecret, secretHash } from '../../platform/secrets/secret-box.js';
import { Clock } from '../../shared/clock.js';
import {
  InvalidStateError,
  RateLimitedError,
  UnauthenticatedError,
  ValidationError,
} from '../../shared/domain-error.js';
import { lazily } from '../../platform/async/lazily.js';
import {
  type Membership,
  type User,
  boundTo,
  CHALLENGE_SECONDS,
  normalRecoveryCode,
  RECOVERY_CODES,
  STEP_SECONDS,
  STEP_WINDOW,
  type Totp,
} from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { AttemptsRepository } from '../accounts/attempts.repository.js';
import { TotpRepository } from './totp.repository.js';
import type { TotpRequiredDto } from '../authentication/dto/totp.dto.js';

const CHALLENGE_PREFIX = 'nxt_';
/** Codes of one user that are looked at in a window, over all challenges. */
const ATTEMPTS = 20;
const WINDOW_SECONDS = 15 * 60;
const RECOVERY_CODE_BYTES = 10;
const otpauth = lazily(() => import('otpauth'));

/** Time-based one-time codes (RFC 6238) as a second factor of sign-in, with recovery codes. */
@Injectable()
export class TotpService {
  constructor(
    private readonly repository: TotpRepository,
    private readonly accounts: AccountsRepository,
    private readonly attempts: AttemptsRepository,
    private readonly secrets: SecretBox,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /**
   * A new secret, in use after {@link confirm}. @throws InvalidStateError for a user who has a second factor, and in production
   * without NEXUS_ENCRYPTION_KEY
   */
  async enable({ user_id, email }: User): Promise<{ secret: string; otpauth_uri: string }> {
    const { Secret, TOTP } = await otpauth();
    const secret = new Secret();
    const created_at = this.clock.timestamp();
    const sealed = this.secrets.seal(secret.base32, boundTo(user_id));
    if (!(await this.repository.createPending({ user_id, secret: sealed, recovery: {}, created_at })))
      throw new InvalidStateError('This account already has a second factor', {
        details: { totp: 'enabled' },
        suggestion: 'Disable it first, with a code or a recovery code.',
      });
    const otpauth_uri = new TOTP({ issuer: 'Nexus', label: email, secret }).toString();
    return { secret: secret.base32, otpauth_uri };
  }

  /**
   * Proves that the authenticator has the secret, and switches the second factor on.
   * @returns the recovery codes, shown this once. @throws InvalidStateError without a pending secret, ValidationError for a wrong code
   */
  async confirm(user: User, code: string): Promise<string[]> {
    await this.requireAttempts(user.user_id);
    const totp = await this.repository.find(user.user_id);
    if (!totp || totp.enabled_at !== undefined) throw notPending(totp);
    const step = await this.stepOf(totp, code);
    if (step === undefined) throw wrongCode();
    const codes = await newRecoveryCodes();
    const recovery = Object.fromEntries(codes.map((one) => [secretHash(normalRecoveryCode(one)), true as const]));
    if (!(await this.repository.enable(totp, { at: this.clock.timestamp(), step, recovery }))) throw notPending(totp);
    await this.record(user, 'auth.totp_enabled', 'success');
    return codes;
  }

  /** @throws InvalidStateError without a second factor, ValidationError for a wrong code, RateLimitedError */
  async disable(user: User, code: string): Promise<void> {
    if (user.totp_enabled !== true)
      throw new InvalidStateError('This account has no second factor', { details: { totp: 'disabled' } });
    if (!(await this.isRight(user, code))) throw wrongCode();
    await this.repository.remove(user.user_id);
    await this.record(user, 'auth.totp_disabled', 'success');
  }

  /** For a user who has proven the first factor. */
  async challenge(user: User, method: string, membership?: Membership): Promise<TotpRequiredDto> {
    const challenge_token = newSecret(CHALLENGE_PREFIX);
    await this.repository.createChallenge(secretHash(challenge_token), {
      user_id: user.user_id,
      ...(membership ? { org_id: membership.org_id } : {}),
      method,
      sessions_after: user.sessions_after ?? '',
      attempts: 0,
      expires_at: this.seconds() + CHALLENGE_SECONDS,
    });
    return { totp_required: true, challenge_token, expires_in: CHALLENGE_SECONDS };
  }

  /**
   * The second factor of a sign-in: a code, or a recovery code. A challenge takes five attempts, counted before each is looked at.
   * @throws UnauthenticatedError for a wrong code, or a challenge that is unknown, used, expired or out of attempts; RateLimitedError
   */
  async redeem(
    challenge_token: string,
    code: string,
  ): Promise<{ user: User; method: string; membership: Membership | undefined }> {
    const hash = secretHash(challenge_token);
    const challenge = await this.repository.countAttempt(hash, this.seconds());
    const user = challenge && (await this.accounts.findUser(challenge.user_id));
    if (!user || challenge.sessions_after !== (user.sessions_after ?? '')) throw refused();
    if (!(await this.isRight(user, code)) || !(await this.repository.takeChallenge(hash))) throw refused();
    const { org_id, method } = challenge;
    const membership = org_id === undefined ? undefined : await this.accounts.findMembership(org_id, user.user_id);
    return { user, method: `${method}+totp`, membership };
  }

  /** Whether a code or a recovery code of the user is right. It is used up with the answer. */
  private async isRight(user: User, code: string): Promise<boolean> {
    const { user_id } = user;
    await this.requireAttempts(user_id);
    if (await this.isUsable(user, code)) return true;
    await this.record(user, 'auth.totp', 'refused');
    return false;
  }

  private async isUsable(user: User, code: string): Promise<boolean> {
    const { user_id } = user;
    if (!/^\d{6}$/.test(code)) {
      const left = await this.repository.useRecoveryCode(user_id, secretHash(normalRecoveryCode(code)));
      if (left !== undefined) await this.record(user, 'auth.recovery_code_used', 'success', { left });
      return left !== undefined;
    }
    const totp = await this.repository.find(user_id);
    const step = totp && (await this.stepOf(totp, code));
    return step !== undefined && (await this.repository.useStep(user_id, step));
  }

  /** The step that a code is of, near the present one; undefined for a wrong code. */
  private async stepOf({ user_id, secret }: Totp, code: string): Promise<number | undefined> {
    const { Secret, TOTP } = await otpauth();
    const timestamp = this.clock.now().getTime();
    const totp = new TOTP({ secret: Secret.fromBase32(this.secrets.open(secret, boundTo(user_id))) });
    const delta = totp.validate({ token: code, timestamp, window: STEP_WINDOW });
    return delta === null ? undefined : Math.floor(timestamp / 1000 / STEP_SECONDS) + delta;
  }

  private async requireAttempts(user_id: string): Promise<void> {
    const { count, seconds_left } = await this.attempts.countInWindow(`totp ${user_id}`, WINDOW_SECONDS);
    if (count > ATTEMPTS)
      throw new RateLimitedError('Too many codes were tried for this account', seconds_left, {
        suggestion: 'Retry after the time in Retry-After.',
      });
  }

  private seconds(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }

  private async record(user: User, action: string, outcome: 'success' | 'refused', details?: Record<string, unknown>) {
    const fact = { actor: user.user_id, action, outcome, ...(details ? { details } : {}) };
    await Promise.all(user.org_ids.map((org_id) => this.audit.record({ ...fact, org_id })));
  }
}

/** 80 bits each, as `abcd-efgh-ijkl-mnop`. */
async function newRecoveryCodes(): Promise<string[]> {
  const { Secret } = await otpauth();
  return Array.from({ length: RECOVERY_CODES }, () =>
    (new Secret({ size: RECOVERY_CODE_BYTES }).base32.toLowerCase().match(/.{4}/g) ?? []).join('-'),
  );
}

const notPending = (totp: Totp | undefined): InvalidStateError =>
  new InvalidStateError('There is no second factor to confirm', {
    details: { totp: totp?.enabled_at === undefined ? 'disabled' : 'enabled' },
    suggestion: 'Call POST /api/v1/auth/totp/enable first, then confirm with a code from the secret that it returns.',
  });

const wrongCode = (): ValidationError =>
  ValidationError.field('code', 'is wrong or was already used; wait for the next code from your authenticator');

const refused = (): UnauthenticatedError =>
  new UnauthenticatedError('The code or the challenge is not valid', {
    suggestion: 'Try the next code from your authenticator or a recovery code; after five attempts sign in again.',
  });
