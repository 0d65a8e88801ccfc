import { Injectable, Logger } from '@nestjs/common';
import type { Write } from '../../platform/database/unit-of-work.js';
import { Clock, elapsedMs } from '../../shared/clock.js';
import {
  ConflictError,
  NotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
  ValidationError,
} from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { AuditLog } from '../audit/audit-log.js';
import { StandingRepository } from '../authentication/standing.repository.js';
import { StandingService } from '../authentication/standing.service.js';
import { apiKeyKey, secretKey } from '../identity.tables.js';
import { actorOf, holds, type Principal, requireGrantable, requireToken, type Role } from '../principal.js';
import { newSecret, secretHash } from '../../platform/secrets/secret-box.js';
import { type ApiKey, KEY_PREFIX } from '../accounts/account.js';
import { ApiKeysRepository } from './api-keys.repository.js';

/** The last use is stored at most this often: a busy key costs one write in five minutes. */
const TOUCH_EVERY_MS = 5 * 60_000;
/** Bounds what one member can add to the organization's list. */
const MOST_OWN = 50;

interface NewKey {
  name: string;
  roles: Role[];
  expires_at?: string | undefined;
}

/** API keys: created, listed, deleted, and resolved to the principal of a request. */
@Injectable()
export class ApiKeysService {
  private readonly logger = new Logger(ApiKeysService.name);

  constructor(
    private readonly repository: ApiKeysRepository,
    private readonly standing: StandingService,
    private readonly access: StandingRepository,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns the record and the secret, which cannot be read again.
   * @throws PermissionDeniedError for roles that the caller does not hold and for operators, ValidationError for an end in the past
   *   or after the end of the key that is used
   */
  async create(principal: Principal, given: NewKey): Promise<{ key: ApiKey; api_key: string }> {
    requireMember(principal);
    requireGrantable(principal, given.roles);
    const created_at = this.clock.timestamp();
    const expires_at_time = given.expires_at === undefined ? null : new Date(given.expires_at).toISOString();
    if (expires_at_time !== null && expires_at_time <= created_at)
      throw ValidationError.field('expires_at', 'must be in the future');
    await this.requireNotLonger(principal, expires_at_time);
    const api_key = newSecret(KEY_PREFIX);
    const key: ApiKey = {
      key_id: this.ids.next('key'),
      org_id: principal.org_id,
      name: given.name,
      roles: given.roles,
      created_by: principal.user_id,
      created_at,
      expires_at_time,
      key_hash: secretHash(api_key),
    };
    await this.repository.create(key);
    await this.record(principal, 'api_key.created', key);
    return { key, api_key };
  }

  /**
   * As {@link create}, for a member of any role. A key that was stolen could otherwise replace itself before it is revoked, so API keys
   * are refused.
   * @throws ConflictError with 50 unexpired keys
   */
  async createOwn(principal: Principal, given: NewKey): Promise<{ key: ApiKey; api_key: string }> {
    requireToken(principal);
    const now = this.clock.timestamp();
    const valid = (await this.listOwn(principal)).filter(
      ({ expires_at_time }) => expires_at_time === null || expires_at_time > now,
    );
    if (valid.length >= MOST_OWN)
      throw new ConflictError(`You already have the maximum of ${MOST_OWN} API keys`, {
        suggestion: 'Delete one that you no longer use with DELETE /api/v1/auth/api-keys/{key_id}.',
      });
    return this.create(principal, given);
  }

  /** A key that expires cannot create a key that outlives it. */
  private async requireNotLonger({ via, org_id, token_id = '' }: Principal, end: string | null): Promise<void> {
    if (via !== 'api_key') return;
    const own = await this.repository.find(org_id, token_id);
    const latest = own ? own.expires_at_time : this.clock.timestamp();
    if (latest !== null && (end === null || end > latest))
      throw ValidationError.field('expires_at', `must not be later than ${latest}, when the key that you use expires`);
  }

  /** Features above register records that are deleted together with their key, while their modules start. */
  deleteWith(deletion: (org_id: string, key_id: string) => Write): void {
    this.repository.deleteWith(deletion);
  }

  async list(org_id: string): Promise<ApiKey[]> {
    return this.repository.listByOrg(org_id);
  }

  /** The keys that the user created in this organization, oldest first. */
  async listOwn({ org_id, user_id }: Principal): Promise<ApiKey[]> {
    return (await this.repository.listByOrg(org_id)).filter(({ created_by }) => created_by === user_id);
  }

  /**
   * As {@link delete}, for the user who created the key, and for the key itself.
   * @throws NotFoundError also for a key of another user, PermissionDeniedError for a key that names another
   */
  async deleteOwn(principal: Principal, key_id: string): Promise<void> {
    const { org_id, user_id, via, token_id } = principal;
    const key = await this.repository.find(org_id, key_id);
    if (key?.created_by !== user_id) throw new NotFoundError('API key', key_id);
    if (via === 'api_key' && token_id !== key_id)
      throw new PermissionDeniedError('An API key can revoke only itself', {
        suggestion: 'Sign in and send the access token.',
      });
    await this.delete(principal, key_id);
  }

  /** Refused at once in this process, within 4 seconds in others. @throws NotFoundError */
  async delete(principal: Principal, key_id: string): Promise<void> {
    const { org_id } = principal;
    const key = await this.repository.find(org_id, key_id);
    if (!key || !(await this.repository.delete(key))) throw new NotFoundError('API key', key_id);
    this.access.forget(apiKeyKey(org_id, key_id), secretKey(key.key_hash, 'KEY'));
    await this.record(principal, 'api_key.deleted', key);
  }

  /**
   * The principal of a key. Most requests need no call to the database; see {@link StandingRepository}.
   * @throws UnauthenticatedError for a key that is unknown, expired or deleted, or whose creator has left
   */
  async principalOf(secret: string): Promise<Principal> {
    if (!secret.startsWith(KEY_PREFIX)) throw refused();
    const named = await this.access.read<{ org_id: string; key_id: string }>(secretKey(secretHash(secret), 'KEY'));
    if (!named) throw refused();
    return this.principalOfKey(named.org_id, named.key_id);
  }

  /** As {@link principalOf}, for a key whose secret was checked before. */
  async principalOfKey(org_id: string, key_id: string): Promise<Principal> {
    const key = await this.access.read<ApiKey>(apiKeyKey(org_id, key_id));
    const now = this.clock.timestamp();
    if (!key || (key.expires_at_time !== null && key.expires_at_time <= now)) throw refused();
    const creator = await this.standing.membership(key.org_id, key.created_by);
    // A key stays refused when its creator was removed and joins again.
    const isOfMembership = creator !== undefined && key.created_at >= creator.created_at;
    const roles = isOfMembership ? key.roles.filter((role) => holds(creator, role)) : [];
    if (roles.length === 0) throw refused();
    this.touch(key, now);
    return { user_id: key.created_by, org_id: key.org_id, roles, via: 'api_key', token_id: key.key_id };
  }

  private touch(key: ApiKey, now: string): void {
    if (key.last_used_at !== undefined && elapsedMs(key.last_used_at, now) < TOUCH_EVERY_MS) return;
    // This is the cached record: later requests of this process do not write again.
    key.last_used_at = now;
    this.repository.touch(key.org_id, key.key_id, now).catch((error: unknown) => {
      this.logger.warn({ msg: 'the last use of an API key could not be stored', key_id: key.key_id, err: error });
    });
  }

  private async record(principal: Principal, action: string, { org_id, key_id, name, roles }: ApiKey): Promise<void> {
    const actor = actorOf(principal);
    await this.audit.record({ org_id, actor, action, outcome: 'success', target: key_id, details: { name, roles } });
  }
}

/** A key ends with its creator's membership, and an operator who entered has no membership. */
function requireMember({ is_operator }: Principal): void {
  if (is_operator)
    throw new PermissionDeniedError('An operator who entered an organization cannot create API keys there', {
      suggestion: 'Ask a member of the organization to create the key.',
    });
}

const refused = (): UnauthenticatedError =>
  new UnauthenticatedError('The API key is not valid', {
    suggestion: 'Check the key. If it was revoked or has expired, create another one.',
  });
