import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { StreamEvent } from '../platform/http/event-stream.js';
import { Lifecycle } from '../platform/lifecycle/lifecycle.js';
import { Clock } from '../shared/clock.js';
import { visibleStatus, type ImportRun, type ImportState, type Integration } from './integration.js';
import { IntegrationsRepository, type IntegrationChange } from './integrations.repository.js';
import { Engine } from '../engine/engine.js';
import { CursorCodec } from '../platform/database/cursors.js';
import { OutgoingHttp } from '../platform/outgoing/outgoing-http.js';
import { OutgoingRefusedError } from '../platform/outgoing/outgoing.errors.js';
import { UnitOfWork } from '../platform/database/unit-of-work.js';
import { InvalidStateError, ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import { type Page, PAGE_LIMIT_MAX } from '../shared/page.js';
import { CredentialsService } from '../tools/credentials/credentials.service.js';
import { CatalogueWorkers, type StoredCatalogue } from './catalogue-workers.js';
import type { Findings } from './catalogue/finding-rules.js';
import type { FindingFilter, OperationFilter, OperationView } from './catalogue/list-tasks.js';
import type { FormatName } from './catalogue/operation.js';
import { type DocumentOrigin, DocumentSource } from './document-source.js';
import { ImportWorkflow } from './import.workflow.js';
import { IntegrationNotFoundError, OperationNotFoundError } from './integrations.errors.js';

/** How soon a stream sees what another process stored. */
const POLL_MS = 250;

/** The progress of imports, from the database: any process sees the imports of all. */
@Injectable()
export class ImportEvents {
  constructor(
    private readonly repository: IntegrationsRepository,
    private readonly lifecycle: Lifecycle,
    private readonly clock: Clock,
  ) {}

  /** The present state, then each change of it. Ends with the import, and when this process leaves. */
  async *follow(org_id: string, integration_id: string): AsyncGenerator<StreamEvent> {
    let seen = '';
    while (!this.lifecycle.ending.aborted) {
      const found = await this.repository.find(org_id, integration_id);
      if (!found) return;
      const { import: run, operation_count, version } = found;
      const status = visibleStatus(found, this.clock.now());
      const data = { integration_id, status, version, operation_count, import: run };
      const state = JSON.stringify(data);
      if (state !== seen) yield { event: 'import', data };
      seen = state;
      if (status !== 'importing' && run?.status !== 'running') return;
      await delay(POLL_MS);
    }
  }
}

export interface NewIntegration {
  org_id: string;
  user_id: string;
  name: string;
  origin: DocumentOrigin;
  format: FormatName | 'auto';
  base_url?: string | undefined;
  credential_id?: string | undefined;
  /** From {@link IntegrationsService.newId}; a new one unless given. */
  integration_id?: string | undefined;
}

/** Imported APIs and their catalogues. */
@Injectable()
export class IntegrationsService {
  constructor(
    private readonly repository: IntegrationsRepository,
    private readonly cursors: CursorCodec,
    private readonly source: DocumentSource,
    private readonly workers: CatalogueWorkers,
    private readonly imports: ImportWorkflow,
    private readonly engine: Engine,
    private readonly unit: UnitOfWork,
    private readonly outgoing: OutgoingHttp,
    private readonly credentials: CredentialsService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Reads the document and accepts its import, which goes on in the background, also in another process after a crash.
   * @throws DocumentInvalidError with every fault, ValidationError, PayloadTooLargeError, RateLimitedError
   */
  async create(wish: NewIntegration, signal?: AbortSignal): Promise<Integration> {
    const { org_id, user_id, name, origin, format, base_url, credential_id, integration_id = this.newId() } = wish;
    if (base_url !== undefined) this.checkAddress('base_url', base_url);
    if (credential_id !== undefined) await this.credentials.get(org_id, credential_id);
    const fetched = await this.source.fetch(origin, signal);
    const read = await this.source.read(fetched, format, signal);
    const created_at = this.clock.timestamp();
    const integration: Integration = {
      ...read.summary,
      ...{
        integration_id,
        org_id,
        name,
        status: 'importing',
        import: null,
        version: 0,
        data_id: '',
      },
      ...{ base_url: base_url ?? null, source_url: fetched.source_url, credential_id: credential_id ?? null },
      ...{ created_by: user_id, created_at, updated_at: created_at },
    };
    await this.repository.create(integration);
    const state = await this.startImport(integration, { fetched, format, user_id }, read);
    return { ...integration, import: state };
  }

  /** For an integration that is noted before it is created. */
  newId(): string {
    return this.ids.next('int');
  }

  /** @throws IntegrationNotFoundError, also for an integration of another organization */
  async get(org_id: string, integration_id: string): Promise<Integration> {
    const found = await this.repository.find(org_id, integration_id);
    if (!found || found.status === 'deleting') throw new IntegrationNotFoundError(integration_id);
    return found;
  }

  /** By its id, otherwise all with this name. Reads every integration of the organization. */
  async findNamed(org_id: string, name_or_id: string): Promise<Integration[]> {
    const known = await this.repository.find(org_id, name_or_id);
    if (known && known.status !== 'deleting') return [known];
    const named: Integration[] = [];
    let last_key: string | undefined;
    do {
      const page = await this.repository.list(org_id, { limit: PAGE_LIMIT_MAX, last_key });
      named.push(...page.items.filter(({ name, status }) => name === name_or_id && status !== 'deleting'));
      last_key = page.last_key ?? undefined;
    } while (last_key !== undefined);
    return named;
  }

  list(org_id: string, page: { limit: number; last_key?: string | undefined }): Promise<Page<Integration>> {
    return this.repository.list(org_id, page);
  }

  /** @throws IntegrationNotFoundError, ValidationError */
  async change(org_id: string, integration_id: string, change: IntegrationChange): Promise<Integration> {
    if (typeof change.base_url === 'string') this.checkAddress('base_url', change.base_url);
    if (typeof change.credential_id === 'string') await this.credentials.get(org_id, change.credential_id);
    await this.get(org_id, integration_id);
    const updated_at = this.clock.timestamp();
    const changed = await this.repository.change(org_id, integration_id, { ...change, updated_at });
    if (!changed) throw new IntegrationNotFoundError(integration_id);
    return changed;
  }

  /** Safe to repeat. @throws IntegrationNotFoundError */
  async delete(org_id: string, integration_id: string): Promise<void> {
    const updated_at = this.clock.timestamp();
    const found = await this.repository.find(org_id, integration_id);
    if (!found) throw new IntegrationNotFoundError(integration_id);
    await this.repository.change(org_id, integration_id, { status: 'deleting', updated_at });
    await this.repository.delete(org_id, integration_id);
  }

  async deleteByOrg(org_id: string): Promise<void> {
    for (const integration_id of await this.repository.idsOf(org_id))
      await this.repository.delete(org_id, integration_id);
  }

  /** Operations of the current version: best matches first, or in the order of the document. @throws IntegrationNotFoundError */
  async operations(
    org_id: string,
    integration_id: string,
    filter: Omit<OperationFilter, 'offset'> & { last_key?: string | undefined },
  ): Promise<{ operations: OperationView[]; total: number; last_key: string | null }> {
    const { last_key, ...wanted } = filter;
    const integration = await this.getReady(org_id, integration_id);
    const { query, risk, tag, limit } = wanted;
    const scope = `operations:${org_id}:${integration.data_id}:${JSON.stringify([query, risk, tag])}`;
    const offset = last_key === undefined ? 0 : Number(this.cursors.decode(scope, last_key)['offset']);
    const found = await this.workers.ask('list', [this.catalogueOf(integration)], { ...wanted, offset });
    const end = offset + limit;
    return { ...found, last_key: end < found.total ? this.cursors.encode(scope, { offset: end }) : null };
  }

  /** @param wanted its id, its name or the document's own id @throws OperationNotFoundError, IntegrationNotFoundError */
  async operation(org_id: string, integration_id: string, wanted: string): Promise<OperationView> {
    const integration = await this.getReady(org_id, integration_id);
    const found = await this.workers.ask('show', [this.catalogueOf(integration)], wanted);
    if (!found) throw new OperationNotFoundError(wanted);
    return found;
  }

  /** What the rules find in the current version. @throws IntegrationNotFoundError */
  async findings(
    org_id: string,
    integration_id: string,
    { severity, rule, limit, last_key }: Omit<FindingFilter, 'offset'> & { last_key?: string | undefined },
  ): Promise<Findings & { total: number; last_key: string | null }> {
    const integration = await this.getReady(org_id, integration_id);
    const scope = `findings:${org_id}:${integration.data_id}:${JSON.stringify([severity, rule])}`;
    const offset = last_key === undefined ? 0 : Number(this.cursors.decode(scope, last_key)['offset']);
    const catalogue = this.catalogueOf(integration);
    const found = await this.workers.ask('findings', [catalogue], { severity, rule, limit, offset });
    const end = offset + limit;
    return { ...found, last_key: end < found.total ? this.cursors.encode(scope, { offset: end }) : null };
  }

  /** An integration whose first import is done. @throws IntegrationNotFoundError; InvalidStateError */
  async getReady(org_id: string, integration_id: string): Promise<Integration> {
    const integration = await this.get(org_id, integration_id);
    if (integration.version > 0) return integration;
    throw new InvalidStateError('The integration has no imported document yet', {
      details: { status: integration.status, failure: integration.import?.failure ?? null },
      suggestion:
        'Wait until its status is ready: GET /api/v1/integrations/{integration_id}/events reports the import.',
    });
  }

  /** The stored catalogue of a version; the current one unless named. */
  catalogueOf(integration: Pick<Integration, 'org_id' | 'integration_id' | 'data_id'>): StoredCatalogue {
    const { org_id, integration_id, data_id } = integration;
    return {
      key: `${org_id}:${integration_id}:${data_id}`,
      content: async () => {
        const content = await this.repository.getData(integration, data_id, 'catalogue');
        if (!content) throw new IntegrationNotFoundError(integration_id);
        return content;
      },
    };
  }

  /** Stores the document and starts its import. @throws IntegrationChangedError while another import runs */
  async startImport(
    integration: Integration,
    given: { fetched: Awaited<ReturnType<DocumentSource['fetch']>>; format: FormatName | 'auto'; user_id: string },
    read: Awaited<ReturnType<DocumentSource['read']>>,
  ): Promise<ImportState> {
    const { org_id, integration_id, version } = integration;
    const { document, files, source_url, document_hash, document_bytes } = given.fetched;
    const run_id = this.ids.next('imp');
    await this.repository.putData(integration, run_id, 'document', document);
    if (Object.keys(files).length > 0)
      await this.repository.putData(integration, run_id, 'files', Buffer.from(JSON.stringify(files)));
    const created_at = this.clock.timestamp();
    const run: ImportRun = {
      ...{ run_id, org_id, integration_id, version: version + 1, format: given.format },
      ...{ source_url, document_hash, document_bytes, created_by: given.user_id, created_at },
    };
    const state: ImportState = {
      ...{ run_id, version: run.version, status: 'running', failure: null },
      ...{ started_at: created_at, ended_at: null },
    };
    this.imports.remember(run_id, read);
    const plan = this.engine.plan({ kind: this.imports.name, run_id, org_id });
    try {
      await this.unit.commit([...this.repository.startOf(run, state), ...plan.writes]);
      plan.committed();
    } catch (error) {
      plan.abandoned();
      throw error;
    }
    return state;
  }

  private checkAddress(field: string, url: string): void {
    try {
      this.outgoing.check(url);
    } catch (error) {
      if (error instanceof OutgoingRefusedError) throw ValidationError.field(field, error.message.replace(/^url /, ''));
      throw error;
    }
  }
}
