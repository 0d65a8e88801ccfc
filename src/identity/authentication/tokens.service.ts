import { Injectable } from '@nestjs/common';
import { decodeTime } from 'ulid';
import { RequestContext } from '../../platform/observability/request-context.js';
import { Clock, elapsedMs } from '../../shared/clock.js';
import { ConflictError, UnauthenticatedError, NotFoundError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import {
  type Membership,
  familyStands,
  type RefreshFamily,
  type RefreshToken,
  type SignIn,
} from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { newSecret, secretHash } from '../../platform/secrets/secret-box.js';
import {
  ACCESS_TOKEN_SECONDS,
  AccessTokens,
  REFRESH_TOKEN_SECONDS,
  SIGN_IN_SECONDS,
  familyOf,
} from './access-tokens.js';
import { SignInsRepository } from './sign-ins.repository.js';
import { StandingService } from './standing.service.js';
import type { TokensDto } from './dto/auth.dto.js';
import { type Principal, requireToken } from '../principal.js';

const LONGEST_DEVICE = 200;
const REFRESH_PREFIX = 'nxr_';
/** A repeat within this time after the first use is taken for a client that sent the request twice. */
const DOUBLE_CLICK_MS = 10_000;

/**
 * Issues pairs of an access and a refresh token: the first pair of a sign-in, and the next ones of its family, for 30 days at most. A refresh token can be
 * used once. A repeat within 10 seconds of the first use is a double click or a second tab: it gets 409 and ends nothing. A later
 * repeat means that the token was copied: the whole family ends, with all of its access tokens, and the audit log records it.
 */
@Injectable()
export class TokensService {
  constructor(
    private readonly access: AccessTokens,
    private readonly repository: SignInsRepository,
    private readonly accounts: AccountsRepository,
    private readonly standing: StandingService,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
    private readonly clock: Clock,
    private readonly context: RequestContext,
  ) {}

  /** Begins a sign-in of a member. @throws UnauthenticatedError when the member was just removed */
  async begin(membership: Membership): Promise<TokensDto> {
    const { user_id, org_id } = membership;
    const family_id = this.ids.next('fam');
    const next = this.newRefreshToken(family_id);
    const family = { family_id, user_id, org_id, created_at: this.clock.timestamp() };
    const use = this.use(user_id, family_id, next.expires_at);
    if (!(await this.repository.create(membership, family, next.hash, use))) throw ended();
    return this.pair(membership, family_id, next.secret);
  }

  /** A pair for another organization of the user, in the same family: it ends with it. @throws UnauthenticatedError */
  async switch(membership: Membership, family_id: string): Promise<TokensDto> {
    const { org_id } = membership;
    const { secret, hash, expires_at } = this.newRefreshToken(family_id);
    const family = await this.repository.findFamily(family_id);
    const isKnown = family?.org_id === org_id || family?.switched?.some((joined) => joined.org_id === org_id);
    const since = isKnown ? undefined : this.ids.next('fam');
    if (!(await this.repository.branch(membership, hash, { family_id, expires_at }, since))) throw ended();
    this.standing.familyChanged(family_id);
    return this.pair(membership, family_id, secret);
  }

  /** @throws UnauthenticatedError for a token that is unknown, expired, revoked or used; ConflictError for a double click. */
  async refresh(refresh_token: string): Promise<TokensDto & { user_id: string; org_id: string }> {
    const hash = secretHash(refresh_token);
    const token = await this.repository.findToken(hash);
    const now = this.clock.now().getTime();
    if (!token || token.expires_at * 1000 <= now) throw refused();
    const family = await this.repository.findFamily(token.family_id);
    if (!family || family.revoked_at !== undefined || endOf(token.family_id) * 1000 <= now) throw refused();
    if (token.used_at !== undefined) return this.usedAgain(token, family);
    const { user_id } = family;
    const org_id = token.org_id ?? family.org_id;
    const [user, membership] = await Promise.all([
      this.accounts.findUser(user_id),
      this.accounts.findMembership(org_id, user_id),
    ]);
    if (!user || !membership || !familyStands(user, family)) throw refused();
    const pair = await this.next(membership, family.family_id, hash);
    return pair ? { ...pair, user_id, org_id } : this.lostRace(hash, family);
  }

  /** The sign-in that a refresh token belongs to, used or not. @returns undefined when it is unknown or the sign-in has ended */
  async familyOf(refresh_token: string): Promise<RefreshFamily | undefined> {
    const token = await this.repository.findToken(secretHash(refresh_token));
    const family = token && (await this.repository.findFamily(token.family_id));
    return family?.revoked_at === undefined ? family : undefined;
  }

  /** Ends a sign-in: all of its tokens are refused, here at once and in other processes within 4 seconds. */
  async revokeFamily(family_id: string): Promise<void> {
    try {
      await this.repository.revoke(family_id, this.clock.timestamp());
    } finally {
      // Also when the write failed: it may have been stored.
      this.standing.familyChanged(family_id);
    }
  }

  /** The next pair for the same organization. @returns undefined when the token is used or the family has ended */
  private async next(membership: Membership, family_id: string, used_hash: string): Promise<TokensDto | undefined> {
    const { secret, ...next } = this.newRefreshToken(family_id);
    const { org_id, user_id } = membership;
    const used = { hash: used_hash, at: this.clock.timestamp() };
    const use = this.use(user_id, family_id, next.expires_at);
    const isRotated = await this.repository.rotate(used, { ...next, family_id, org_id }, use);
    return isRotated ? this.pair(membership, family_id, secret) : undefined;
  }

  private async lostRace(hash: string, family: RefreshFamily): Promise<never> {
    const token = await this.repository.findToken(hash);
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

  /** The entry of this moment in the owner's list of sign-ins. */
  private use(user_id: string, family_id: string, expires_at: number): SignIn {
    const { address = 'unknown', user_agent } = this.context.current()?.client?.() ?? {};
    return {
      family_id,
      user_id,
      device: user_agent?.slice(0, LONGEST_DEVICE) ?? null,
      address,
      created_at: new Date(beginningOf(family_id)).toISOString(),
      last_used_at: this.clock.timestamp(),
      expires_at,
    };
  }

  private newRefreshToken(family_id: string) {
    const secret = newSecret(REFRESH_PREFIX);
    const unused = Math.floor(this.clock.now().getTime() / 1000) + REFRESH_TOKEN_SECONDS;
    const expires_at = Math.min(unused, endOf(family_id));
    return { secret, hash: secretHash(secret), expires_at };
  }

  private pair(membership: Membership, family_id: string, refresh_token: string): TokensDto {
    const access_token = this.access.sign(membership, family_id);
    return { access_token, refresh_token, token_type: 'Bearer', expires_in: ACCESS_TOKEN_SECONDS };
  }
}

/** Milliseconds since 1970. */
const beginningOf = (family_id: string): number => decodeTime(family_id.slice('fam_'.length));
/** Seconds since 1970. */
const endOf = (family_id: string): number => Math.floor(beginningOf(family_id) / 1000) + SIGN_IN_SECONDS;

const ended = (): UnauthenticatedError =>
  new UnauthenticatedError('This sign-in has ended', { suggestion: 'Sign in again.' });

const refused = (): UnauthenticatedError =>
  new UnauthenticatedError('The refresh token is not valid', { suggestion: 'Sign in again.' });

/** The newest are shown; older ones are still ended by a change of the password. */
const MOST = 100;

/** Lists and ends the sign-ins of a user. Only their owner can, and API keys cannot. */
@Injectable()
export class SignInsService {
  constructor(
    private readonly repository: SignInsRepository,
    private readonly tokens: TokensService,
    private readonly standing: StandingService,
    private readonly accounts: AccountsRepository,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** The sign-ins that still stand, newest first, at most 100. */
  async list(principal: Principal): Promise<(SignIn & { current: boolean })[]> {
    const current = familyOf(requireToken(principal));
    const { user_id } = principal;
    const [user, known] = await Promise.all([
      this.accounts.findUser(user_id),
      this.repository.listByUser(user_id, MOST),
    ]);
    const families = await this.repository.findFamilies(known.map(({ family_id }) => family_id));
    const now = this.clock.now().getTime() / 1000;
    return known
      .filter((one, index) => user && one.expires_at > now && familyStands(user, families[index]))
      .map((one) => ({ ...one, current: one.family_id === current }));
  }

  /** Ends all tokens of a sign-in: here at once, in other processes within 4 seconds. @throws NotFoundError also for a sign-in of another user */
  async end(principal: Principal, session_id: string): Promise<void> {
    requireToken(principal);
    const { user_id, org_id } = principal;
    const signIn = await this.repository.findSignIn(user_id, session_id);
    const family = signIn && (await this.repository.findFamily(session_id));
    if (family?.user_id !== user_id || family.revoked_at !== undefined) throw new NotFoundError('Sign-in', session_id);
    await this.tokens.revokeFamily(session_id);
    await this.repository.deleteSignIn(user_id, session_id);
    const fact = { org_id, actor: user_id, action: 'auth.session_ended', target: session_id } as const;
    await this.audit.record({ ...fact, outcome: 'success' });
  }

  /** POST /auth/logout. The access token is refused for as long as any token of its kind can live. */
  async logout(principal: Principal): Promise<void> {
    const token_id = requireToken(principal);
    const { user_id, org_id } = principal;
    const forgotten_at = Math.ceil(this.clock.now().getTime() / 1000) + ACCESS_TOKEN_SECONDS;
    await Promise.all([
      this.tokens.revokeFamily(familyOf(token_id)),
      this.standing.revokeToken(token_id, forgotten_at),
    ]);
    await this.audit.record({ org_id, actor: user_id, action: 'auth.logout', outcome: 'success' });
  }

  /** DELETE /auth/session. */
  async endFamily({ family_id, user_id, org_id }: RefreshFamily): Promise<void> {
    await this.tokens.revokeFamily(family_id);
    await this.audit.record({ org_id, actor: user_id, action: 'auth.logout', outcome: 'success' });
  }

  async recordPasswordChange({ user_id, org_id }: Principal): Promise<void> {
    await this.audit.record({ org_id, actor: user_id, action: 'auth.password_changed', outcome: 'success' });
  }
}
