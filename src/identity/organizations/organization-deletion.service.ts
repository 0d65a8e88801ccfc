import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Clock } from '../../shared/clock.js';
import {
  ConflictError,
  InvalidStateError,
  NotFoundError,
  PermissionDeniedError,
  ValidationError,
} from '../../shared/domain-error.js';
import { DEFAULT_ORGANIZATION, isOwnedBy } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { KEPT_MS, StandingRepository } from '../authentication/standing.repository.js';
import { type Principal, requireToken } from '../principal.js';
import { type OrganizationDeletion, OrganizationDeletionRepository } from './organization-deletion.repository.js';

/** Deletes the records of a feature for an organization. Safe to repeat, and while other processes still write. */
export type DeleteByOrganization = (org_id: string) => Promise<void>;

/**
 * Deletes the records that the features above identity store for an organization. Each feature registers its deletion when its
 * module starts, because identity does not import it.
 */
@Injectable()
export class OrganizationData {
  private readonly records = new Map<string, DeleteByOrganization>();
  private readonly counters = new Map<string, DeleteByOrganization>();

  /** @param feature names it in the log */
  registerRecords(feature: string, deletion: DeleteByOrganization): void {
    this.records.set(feature, deletion);
  }

  /** For what is computed from the records of others: deleted after them, because their deletion changes it. */
  registerCounters(feature: string, deletion: DeleteByOrganization): void {
    this.counters.set(feature, deletion);
  }

  /** @throws what a feature throws; the rest is then left for the next attempt */
  async delete(org_id: string): Promise<void> {
    for (const deletion of [...this.records.values(), ...this.counters.values()]) await deletion(org_id);
  }
}

/** By then other processes have forgotten the organization, what their requests wrote is stored, and indexes show it. */
const SETTLED_AFTER_MS = KEPT_MS + 2_000;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;
/** A sweep that finds nothing ends them; users who change meanwhile need another. */
const SWEEPS = 5;

/**
 * Deletes an organization with everything in it. First it is marked and its memberships, keys and invitations go, so that no
 * request is accepted any more; then, in the background, the records of the features, in two passes, because other processes may still
 * accept requests for some seconds. The next start finds an interrupted deletion by its mark and continues it. The audit log
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
    private readonly access: StandingRepository,
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
   * Resolves when the organization refuses all requests; its records are deleted in the background.
   * @param name the organization's exact name, as a confirmation
   * @throws InvalidStateError for `default`, ValidationError for another name, NotFoundError, PermissionDeniedError for API keys and for
   * anyone but the owner, ConflictError
   */
  async delete(principal: Principal, org_id: string, name: string): Promise<void> {
    requireToken(principal);
    if (org_id === DEFAULT_ORGANIZATION)
      throw new InvalidStateError('The default organization cannot be deleted', {
        details: { org_id },
        suggestion: 'Delete its projects instead.',
      });
    const organization = await this.accounts.findOrganization(org_id);
    if (!organization) throw new NotFoundError('Organization', org_id);
    if (!isOwnedBy(organization, principal.user_id))
      throw new PermissionDeniedError('Only the owner can delete the organization', {
        details: { owner_id: organization.owner_id },
        suggestion: 'Ask the owner to delete it.',
      });
    if (organization.name !== name)
      throw ValidationError.field('name', 'must be the exact name of the organization, to confirm its deletion');
    const deletion = { org_id, name, actor: principal.user_id, at: this.clock.timestamp() };
    if (!(await this.repository.mark(deletion)))
      throw new ConflictError('The organization was renamed, transferred or deleted by another request');
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
    this.access.forget(...(await this.repository.deleteAccess(org_id)));
  }

  private async sweep(org_id: string): Promise<void> {
    for (let count = 0; count < SWEEPS; count++) {
      const found = await this.repository.sweep(org_id);
      this.access.forget(...found);
      if (found.length === 0) return;
    }
  }

  /** Retries until it is done or the process stops; the next start then continues. */
  private async persist(work: () => Promise<void>): Promise<void> {
    for (let pause = FIRST_RETRY_MS; !this.stopping.signal.aborted; pause = Math.min(pause * 2, LONGEST_RETRY_MS)) {
      try {
        await work();
        return;
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        this.logger.warn({
          msg: 'an organization could not be deleted yet; retrying',
          pause_ms: pause,
          err: error,
        });
        await delay(pause, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
      }
    }
  }

  /** In the organization's own log, and in that of the operators, because its own log has no readers left. */
  private async record({ org_id, name, actor }: OrganizationDeletion, action: string): Promise<void> {
    const fact = { actor, action, outcome: 'success', target: org_id, details: { name } } as const;
    await Promise.all([org_id, DEFAULT_ORGANIZATION].map((log) => this.audit.record({ ...fact, org_id: log })));
  }
}
