import { Injectable, Logger } from '@nestjs/common';
import { Clock, elapsedMs } from '../../shared/clock.js';
import { UnauthenticatedError } from '../../shared/domain-error.js';
import { apiKeyKey, secretKey } from '../identity-keys.js';
import { holds, type Principal } from '../principal.js';
import { secretHash } from '../secrets.js';
import { StandingCache } from '../standing/standing-cache.js';
import { StandingService } from '../standing/standing.service.js';
import type { ApiKey } from './api-key.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { KEY_PREFIX } from './presented-key.js';

/** A use is written down at most this often: a busy key costs one write in five minutes. */
const TOUCH_EVERY_MS = 5 * 60_000;

/** Resolves the secret of a request to its principal. Most requests need no call to the database; see {@link StandingCache}. */
@Injectable()
export class ApiKeyLogin {
  private readonly logger = new Logger(ApiKeyLogin.name);

  constructor(
    private readonly cache: StandingCache,
    private readonly standing: StandingService,
    private readonly repository: ApiKeysRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws UnauthenticatedError for a key that is unknown, expired or deleted, or whose creator has left. */
  async principalOf(secret: string): Promise<Principal> {
    if (!secret.startsWith(KEY_PREFIX)) throw refused();
    const named = await this.cache.read<{ org_id: string; key_id: string }>(secretKey(secretHash(secret), 'KEY'));
    if (!named) throw refused();
    return this.principalOfKey(named.org_id, named.key_id);
  }

  /** As {@link principalOf}, of a key whose secret was checked before. */
  async principalOfKey(org_id: string, key_id: string): Promise<Principal> {
    const key = await this.cache.read<ApiKey>(apiKeyKey(org_id, key_id));
    const now = this.clock.timestamp();
    if (!key || (key.expires_at_time !== null && key.expires_at_time <= now)) throw refused();
    const creator = await this.standing.membership(key.org_id, key.created_by);
    // A key does not come back when its creator was removed and joins again.
    const isOfMembership = creator !== undefined && key.created_at >= creator.created_at;
    const roles = isOfMembership ? key.roles.filter((role) => holds(creator, role)) : [];
    if (roles.length === 0) throw refused();
    this.touch(key, now);
    return { user_id: key.created_by, org_id: key.org_id, roles, via: 'api_key', token_id: key.key_id };
  }

  private touch(key: ApiKey, now: string): void {
    if (key.last_used_at !== undefined && elapsedMs(key.last_used_at, now) < TOUCH_EVERY_MS) return;
    // The cached record: the next request of this process need not write again.
    key.last_used_at = now;
    this.repository.touch(key.org_id, key.key_id, now).catch((error: unknown) => {
      this.logger.warn({ msg: 'the last use of an API key could not be kept', key_id: key.key_id, err: error });
    });
  }
}

const refused = (): UnauthenticatedError => new UnauthenticatedError('The API key is not valid');
