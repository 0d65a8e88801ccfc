import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { NotFoundError, PermissionDeniedError, ValidationError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { AuditLog } from '../audit/audit-log.js';
import { apiKeyKey, secretKey } from '../identity-keys.js';
import { actorOf, type Principal, type Role } from '../principal.js';
import { requireGrantable } from '../require-grantable.js';
import { newSecret, secretHash } from '../secrets.js';
import { StandingCache } from '../standing/standing-cache.js';
import type { ApiKey } from './api-key.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { KEY_PREFIX } from './presented-key.js';

/** Keys of an organisation: made, listed, deleted. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly repository: ApiKeysRepository,
    private readonly cache: StandingCache,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns the record and the secret, which cannot be read again.
   * @throws PermissionDeniedError for roles that the caller does not hold and for operators, ValidationError for an end in the past
   *   or, with a key that expires, after its own
   */
  async create(
    principal: Principal,
    given: { name: string; roles: Role[]; expires_at?: string | undefined },
  ): Promise<{ key: ApiKey; api_key: string }> {
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

  /** A key that expires makes no key that outlives it. */
  private async requireNotLonger({ via, org_id, token_id = '' }: Principal, end: string | null): Promise<void> {
    if (via !== 'api_key') return;
    const own = await this.repository.find(org_id, token_id);
    const latest = own ? own.expires_at_time : this.clock.timestamp();
    if (latest !== null && (end === null || end > latest))
      throw ValidationError.field('expires_at', `must not be later than ${latest}, when the key that you use expires`);
  }

  async list(org_id: string): Promise<ApiKey[]> {
    return this.repository.listByOrg(org_id);
  }

  /** Refused at once in this process, within 4 seconds in others. @throws NotFoundError */
  async delete(principal: Principal, key_id: string): Promise<void> {
    const { org_id } = principal;
    const key = await this.repository.find(org_id, key_id);
    if (!key || !(await this.repository.delete(key))) throw new NotFoundError('API key', key_id);
    this.cache.forget(apiKeyKey(org_id, key_id), secretKey(key.key_hash, 'KEY'));
    await this.record(principal, 'api_key.deleted', key);
  }

  private async record(principal: Principal, action: string, { org_id, key_id, name, roles }: ApiKey): Promise<void> {
    const actor = actorOf(principal);
    await this.audit.record({ org_id, actor, action, outcome: 'success', target: key_id, details: { name, roles } });
  }
}

/** A key lives no longer than its creator's membership, and an operator who entered has none. */
function requireMember({ is_operator }: Principal): void {
  if (is_operator)
    throw new PermissionDeniedError('A key belongs to a member, and you entered as operator', {
      suggestion: 'Invite a member of the organisation who creates it.',
    });
}
