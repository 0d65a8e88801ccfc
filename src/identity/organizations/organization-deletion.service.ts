import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Clock } from '../../shared/clock.js';
import { ConflictError, InvalidStateError, NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { DEFAULT_ORGANIZATION } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import type { Principal } from '../principal.js';
import { requireToken } from '../require-token.js';
import { KEPT_MS, StandingCache } from '../standing/standing-cache.js';
import { OrganizationData } from './organization-data.js';
import { type OrganizationDeletion, OrganizationDeletionRepository } from './organization-deletion.repository.js';

/** By then other processes have forgotten the organization, what their requests wrote is stored, and indexes show it. */
const SETTLED_AFTER_MS = KEPT_MS + 2_000;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;
/** A sweep that finds nothing ends them; users who change meanwhile need another. */
const SWEEPS = 5;

/**
 * Deletes an organization with everything in it. First it is marked and its memberships, keys and invitations go, so that nobody
 * gets in any more; then, in the background, what the features keep of it, in two passes, because other processes may still let
 * requests in for some seconds. Whatever a crash interrupts is found by the mark at the next start and continued. The audit log
 * stays for its 90 days.
 */
@Injectable()
export class OrganizationDeletionService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(OrganizationDeletionService.name);
  private readonly stopping = new AbortController();

  constructor(
    private readonly repository: OrganizationDeletionRepository,
    private readonly accounts: AccountsRepository,
    private readonly data: OrganizationData,
    private readonly cache: StandingCache,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly host: HttpAdapterHost,
  ) {}

  onApplicationBootstrap(): void {
    const adapter: HttpAdapterHost['httpAdapter'] | null = this.host.httpAdapter;
    if (adapter !== null) void this.persist(() => this.finishInterrupted());
  }

  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }

  /**
   * Resolves when nobody can use the organization any more; its records go in the background.
   * @param name the organization's exact name, as a confirmation
   * @throws InvalidStateError for `default`, ValidationError for another name, NotFoundError, PermissionDeniedError for API keys
   */
  async delete(principal: Principal, org_id: string, name: string): Promise<void> {
    requireToken(principal);
    if (org_id === DEFAULT_ORGANIZATION)
      throw new InvalidStateError('The organization default cannot be deleted', {
        details: { org_id },
        suggestion: 'Delete its projects instead.',
      });
    const organization = await this.accounts.findOrganization(org_id);
    if (!organization) throw new NotFoundError('Organization', org_id);
    if (organization.name !== name)
      throw ValidationError.field('name', 'must be the exact name of the organization, to confirm its deletion');
    const deletion = { org_id, name, actor: principal.user_id, at: this.clock.timestamp() };
    if (!(await this.repository.mark(deletion)))
      throw new ConflictError('The organization was renamed or deleted by another request');
    await this.endAccess(org_id);
    await this.record(deletion, 'organization.deleted');
    void this.persist(() => this.finish(deletion));
  }

  private async finishInterrupted(): Promise<void> {
    for (const deletion of await this.repository.listMarked()) await this.finish(deletion);
  }

  private async finish(deletion: OrganizationDeletion): Promise<void> {
    const { org_id } = deletion;
    await this.endAccess(org_id);
    await this.data.delete(org_id);
    await delay(SETTLED_AFTER_MS, undefined, { signal: this.stopping.signal });
    await this.endAccess(org_id);
    await this.data.delete(org_id);
    await this.sweep(org_id);
    await this.record(deletion, 'organization.deletion_completed');
    await this.repository.finish(org_id);
  }

  private async endAccess(org_id: string): Promise<void> {
    this.cache.forget(...(await this.repository.deleteAccess(org_id)));
  }

  private async sweep(org_id: string): Promise<void> {
    for (let count = 0; count < SWEEPS; count++) {
      const found = await this.repository.sweep(org_id);
      this.cache.forget(...found);
      if (found.length === 0) return;
    }
  }

  /** Tries until it is done or the process stops; the next start continues then. */
  private async persist(work: () => Promise<void>): Promise<void> {
    for (let pause = FIRST_RETRY_MS; !this.stopping.signal.aborted; pause = Math.min(pause * 2, LONGEST_RETRY_MS)) {
      try {
        await work();
        return;
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        this.logger.warn({
          msg: 'an organization could not be deleted yet; trying again',
          pause_ms: pause,
          err: error,
        });
        await delay(pause, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
      }
    }
  }

  /** In the organization's own log, and in that of the operators, because its own has no readers left. */
  private async record({ org_id, name, actor }: OrganizationDeletion, action: string): Promise<void> {
    const fact = { actor, action, outcome: 'success', target: org_id, details: { name } } as const;
    await Promise.all([org_id, DEFAULT_ORGANIZATION].map((log) => this.audit.record({ ...fact, org_id: log })));
  }
}
