import { Injectable } from '@nestjs/common';
import { Clock, elapsedMs } from '../../shared/clock.js';
import { ConflictError, UnauthenticatedError } from '../../shared/domain-error.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { secretHash } from '../secrets.js';
import { StandingService } from '../standing/standing.service.js';
import { familyStands, type RefreshFamily } from './refresh-family.js';
import { type RefreshToken, RefreshTokensRepository } from './refresh-tokens.repository.js';
import { type TokenPair, TokenPairs } from './token-pairs.service.js';

/** A repeat within this time after the first use is a client that sent the request twice. */
const DOUBLE_CLICK_MS = 10_000;

/**
 * Exchanges refresh tokens. Each can be used once. A repeat within 10 seconds of the first use is a double click or a second
 * tab: it gets 409 and ends nothing. A later repeat means that the token was copied: the whole family ends, with all of its
 * access tokens, and the audit log records it.
 */
@Injectable()
export class RefreshService {
  constructor(
    private readonly tokens: RefreshTokensRepository,
    private readonly accounts: AccountsRepository,
    private readonly pairs: TokenPairs,
    private readonly standing: StandingService,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** @throws UnauthenticatedError for a token that is unknown, expired, revoked or used; ConflictError for a double click. */
  async refresh(refresh_token: string): Promise<TokenPair & { user_id: string; org_id: string }> {
    const hash = secretHash(refresh_token);
    const token = await this.tokens.findToken(hash);
    const now = this.clock.now().getTime();
    if (!token || token.expires_at * 1000 <= now) throw refused();
    const family = await this.tokens.findFamily(token.family_id);
    if (!family || family.revoked_at !== undefined) throw refused();
    if (token.used_at !== undefined) return this.usedAgain(token, family);
    const { user_id } = family;
    const org_id = token.org_id ?? family.org_id;
    const [user, membership] = await Promise.all([
      this.accounts.findUser(user_id),
      this.accounts.findMembership(org_id, user_id),
    ]);
    if (!user || !membership || !familyStands(user, family)) throw refused();
    const pair = await this.pairs.next(membership, family.family_id, hash);
    return pair ? { ...pair, user_id, org_id } : this.lostRace(hash, family);
  }

  /** Ends a sign-in: all of its tokens are refused, here at once and in other processes within 4 seconds. */
  async revokeFamily(family_id: string): Promise<void> {
    try {
      await this.tokens.revoke(family_id, this.clock.timestamp());
    } finally {
      // Also when the answer was lost: it may be stored.
      this.standing.familyChanged(family_id);
    }
  }

  private async lostRace(hash: string, family: RefreshFamily): Promise<never> {
    const token = await this.tokens.findToken(hash);
    if (!token?.used_at) throw refused();
    return this.usedAgain(token, family);
  }

  private async usedAgain({ used_at = '' }: RefreshToken, family: RefreshFamily): Promise<never> {
    if (elapsedMs(used_at, this.clock.timestamp()) <= DOUBLE_CLICK_MS)
      throw new ConflictError('This refresh token has just been used', {
        suggestion: 'Use the tokens that the first of the two requests returned.',
      });
    const { family_id, user_id, org_id } = family;
    await this.revokeFamily(family_id);
    await this.audit.record({
      org_id,
      actor: user_id,
      action: 'auth.refresh_replayed',
      outcome: 'refused',
      target: family_id,
    });
    throw refused();
  }
}

const refused = (): UnauthenticatedError =>
  new UnauthenticatedError('The refresh token is not valid', { suggestion: 'Sign in again.' });
