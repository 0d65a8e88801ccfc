import { Injectable } from '@nestjs/common';
import { decodeTime } from 'ulid';
import { RequestContext } from '../../platform/http/request-context.js';
import { Clock } from '../../shared/clock.js';
import { UnauthenticatedError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import type { Membership } from '../accounts/account.js';
import { newSecret, secretHash } from '../secrets.js';
import { StandingService } from '../standing/standing.service.js';
import { AccessTokens } from './access-tokens.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import type { SignIn } from './sign-ins.repository.js';
import { ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS } from './token-settings.js';

export interface TokenPair {
  access_token: string;
  refresh_token: string;
  token_type: 'Bearer';
  /** Seconds that the access token lives. */
  expires_in: number;
}

const LONGEST_DEVICE = 200;
const REFRESH_PREFIX = 'nxr_';

/** Issues pairs of an access and a refresh token: the first of a sign-in, and the next ones of its family. */
@Injectable()
export class TokenPairs {
  constructor(
    private readonly access: AccessTokens,
    private readonly refresh: RefreshTokensRepository,
    private readonly standing: StandingService,
    private readonly ids: Ids,
    private readonly clock: Clock,
    private readonly context: RequestContext,
  ) {}

  /** A new sign-in of a member, whichever way it was proven. @throws UnauthenticatedError when the member was just removed */
  async begin(membership: Membership): Promise<TokenPair> {
    const { user_id, org_id } = membership;
    const family_id = this.ids.next('fam');
    const next = this.newRefreshToken();
    const family = { family_id, user_id, org_id, created_at: this.clock.timestamp() };
    const use = this.use(user_id, family_id, next.expires_at);
    if (!(await this.refresh.create(membership, family, next.hash, use))) throw ended();
    return this.pair(membership, family_id, next.secret);
  }

  /** The next pair for the same organization. @returns undefined when the token was used already or the family has ended. */
  async next(membership: Membership, family_id: string, used_hash: string): Promise<TokenPair | undefined> {
    const { secret, ...next } = this.newRefreshToken();
    const { org_id, user_id } = membership;
    const used = { hash: used_hash, at: this.clock.timestamp() };
    const use = this.use(user_id, family_id, next.expires_at);
    const isRotated = await this.refresh.rotate(used, { ...next, family_id, org_id }, use);
    return isRotated ? this.pair(membership, family_id, secret) : undefined;
  }

  /** A pair for another organization of the user, in the same family: it ends with it. @throws UnauthenticatedError */
  async switch(membership: Membership, family_id: string): Promise<TokenPair> {
    const { org_id } = membership;
    const { secret, hash, expires_at } = this.newRefreshToken();
    const family = await this.refresh.findFamily(family_id);
    const isKnown = family?.org_id === org_id || family?.switched?.some((joined) => joined.org_id === org_id);
    const since = isKnown ? undefined : this.ids.next('fam');
    if (!(await this.refresh.branch(membership, hash, { family_id, expires_at }, since))) throw ended();
    this.standing.familyChanged(family_id);
    return this.pair(membership, family_id, secret);
  }

  /** What the owner's list of sign-ins shows of this moment. */
  private use(user_id: string, family_id: string, expires_at: number): SignIn {
    const { address = 'unknown', user_agent } = this.context.current()?.client?.() ?? {};
    return {
      family_id,
      user_id,
      device: user_agent?.slice(0, LONGEST_DEVICE) ?? null,
      address,
      created_at: new Date(decodeTime(family_id.slice('fam_'.length))).toISOString(),
      last_used_at: this.clock.timestamp(),
      expires_at,
    };
  }

  private newRefreshToken() {
    const secret = newSecret(REFRESH_PREFIX);
    const expires_at = Math.floor(this.clock.now().getTime() / 1000) + REFRESH_TOKEN_SECONDS;
    return { secret, hash: secretHash(secret), expires_at };
  }

  private pair(membership: Membership, family_id: string, refresh_token: string): TokenPair {
    const access_token = this.access.sign(membership, family_id);
    return { access_token, refresh_token, token_type: 'Bearer', expires_in: ACCESS_TOKEN_SECONDS };
  }
}

const ended = (): UnauthenticatedError =>
  new UnauthenticatedError('This sign-in has ended', { suggestion: 'Sign in again.' });
