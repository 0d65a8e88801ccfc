import { Injectable } from '@nestjs/common';
import { AttachedToolStore } from '../tools/attachments/attached-tool-store.js';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UnitOfWork } from '../platform/database/unit-of-work.js';
import { Clock } from '../shared/clock.js';
import { InvalidStateError, NotFoundError } from '../shared/domain-error.js';
import type { Diff } from './catalogue/compare.js';
import type { FormatName } from './catalogue/operation.js';
import { CatalogueWorkers, type StoredCatalogue } from './catalogue-workers.js';
import { type DocumentOrigin, DocumentSource } from './document-source.js';
import type { Integration, IntegrationVersion } from './integration.js';
import { IntegrationNotFoundError } from './integrations.errors.js';
import { IntegrationsRepository } from './integrations.repository.js';
import { IntegrationsService } from './integrations.service.js';
import type { OperationUserDto } from './dto/review.dto.js';

type FindUsers = (org_id: string, integration_id: string) => Promise<OperationUserDto[]>;

/** What uses the operations of integrations: attached tools, and what higher floors register. */
@Injectable()
export class OperationUsers {
  private readonly others: FindUsers[] = [];

  constructor(private readonly tools: AttachedToolStore) {}

  /** For features above integrations, such as flows. Call it in the constructor of their module. */
  register(find: FindUsers): void {
    this.others.push(find);
  }

  /** Those that use one of the operations. Reads every attached tool of the organization. */
  async of(org_id: string, integration_id: string, operation_ids: ReadonlySet<string>): Promise<OperationUserDto[]> {
    if (operation_ids.size === 0) return [];
    const tools = (await this.tools.byOrg(org_id)).flatMap(
      ({ tool_id, name, project_id, agent_id, config, operations }): OperationUserDto[] =>
        config.kind === 'integration' && config.integration_id === integration_id
          ? [
              {
                kind: 'tool',
                id: tool_id,
                name,
                project_id,
                agent_id,
                operation_ids: operations.map(({ operation }) => operation),
              },
            ]
          : [],
    );
    const others = await Promise.all(this.others.map((find) => find(org_id, integration_id)));
    return [...tools, ...others.flat()].flatMap((user) => {
      const used = user.operation_ids.filter((id) => operation_ids.has(id));
      return used.length > 0 ? [{ ...user, operation_ids: used }] : [];
    });
  }
}

const decompress = promisify<Uint8Array, Buffer>(gunzip);

/** What a version changes, and what uses the operations that it breaks. */
export interface VersionDiff extends Diff {
  affected: OperationUserDto[];
}

/** Versions of integrations: a new document makes one, an older one can be restored. Versions never change. */
@Injectable()
export class VersionsService {
  constructor(
    private readonly integrations: IntegrationsService,
    private readonly repository: IntegrationsRepository,
    private readonly source: DocumentSource,
    private readonly workers: CatalogueWorkers,
    private readonly users: OperationUsers,
    private readonly unit: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Accepts a new document, which becomes the next version, and says what it changes.
   * @throws DocumentInvalidError, ValidationError; IntegrationChangedError while another import runs
   */
  async replace(
    given: {
      org_id: string;
      user_id: string;
      integration_id: string;
      origin: DocumentOrigin;
      format: FormatName | 'auto';
    },
    signal?: AbortSignal,
  ): Promise<{ integration: Integration; diff: VersionDiff }> {
    const { org_id, user_id, integration_id, origin, format } = given;
    const integration = await this.integrations.getReady(org_id, integration_id);
    const fetched = await this.source.fetch(origin, signal);
    const read = await this.source.read(fetched, format, signal);
    const next: StoredCatalogue = { key: `${org_id}:${fetched.document_hash}`, content: async () => read.catalogue };
    const diff = await this.diffOf(integration, this.integrations.catalogueOf(integration), next);
    const state = await this.integrations.startImport(integration, { fetched, format, user_id }, read);
    return { integration: { ...integration, import: state }, diff };
  }

  /** Newest first, at most 100. @throws IntegrationNotFoundError */
  async list(org_id: string, integration_id: string): Promise<IntegrationVersion[]> {
    await this.integrations.get(org_id, integration_id);
    return this.repository.listVersions(org_id, integration_id);
  }

  /** @throws NotFoundError */
  async get(org_id: string, integration_id: string, version: number): Promise<IntegrationVersion> {
    await this.integrations.get(org_id, integration_id);
    const found = await this.repository.findVersion(org_id, integration_id, version);
    if (!found) throw new NotFoundError('Version', String(version), { details: { integration_id } });
    return found;
  }

  /** What a version changed; undefined for the first. @throws NotFoundError */
  async diff(org_id: string, integration_id: string, version: number): Promise<VersionDiff | undefined> {
    const after = await this.get(org_id, integration_id, version);
    if (version === 1) return undefined;
    const before = await this.get(org_id, integration_id, version - 1);
    const owner = { org_id, integration_id };
    const catalogue = ({ data_id }: IntegrationVersion) => this.integrations.catalogueOf({ ...owner, data_id });
    return this.diffOf(owner, catalogue(before), catalogue(after));
  }

  /** The document as it arrived. @throws NotFoundError */
  async document(org_id: string, integration_id: string, version: number): Promise<Buffer> {
    const { data_id } = await this.get(org_id, integration_id, version);
    const stored = await this.repository.getData({ org_id, integration_id }, data_id, 'document');
    if (!stored) throw new IntegrationNotFoundError(integration_id);
    return decompress(stored);
  }

  /** The files that the document of a version refers to, by their addresses. @throws NotFoundError */
  async files(org_id: string, integration_id: string, version: number): Promise<Record<string, string>> {
    const { data_id } = await this.get(org_id, integration_id, version);
    const stored = await this.repository.getData({ org_id, integration_id }, data_id, 'files');
    return stored ? (JSON.parse(Buffer.from(stored).toString('utf8')) as Record<string, string>) : {};
  }

  /** Makes an older version the current one, as a new version. @throws NotFoundError, InvalidStateError, IntegrationChangedError */
  async restore(org_id: string, user_id: string, integration_id: string, version: number): Promise<Integration> {
    const integration = await this.integrations.getReady(org_id, integration_id);
    const old = await this.get(org_id, integration_id, version);
    if (version === integration.version)
      throw new InvalidStateError('This version is already the current one', { details: { version } });
    const at = this.clock.timestamp();
    const next = integration.version + 1;
    const made: IntegrationVersion = {
      ...old,
      version: next,
      restored_from: version,
      created_by: user_id,
      created_at: at,
    };
    const { format, format_version, title, api_version, description, servers } = old;
    const { operation_count, callable_count, schema_count, risks, data_id, source_url } = old;
    const restored: Integration = {
      ...integration,
      ...{ format, format_version, title, api_version, description, servers },
      ...{ operation_count, callable_count, schema_count, risks, data_id, source_url },
      ...{ version: next, status: 'ready', updated_at: at },
    };
    await this.unit.commit(this.repository.restoreOf(made, restored, integration));
    return restored;
  }

  private async diffOf(
    { org_id, integration_id }: Pick<Integration, 'org_id' | 'integration_id'>,
    before: StoredCatalogue,
    after: StoredCatalogue,
  ): Promise<VersionDiff> {
    const diff = await this.workers.ask('compare', [before, after], null);
    const broken = new Set(diff.changes.filter(({ breaking }) => breaking).map(({ operation_id }) => operation_id));
    return { ...diff, affected: await this.users.of(org_id, integration_id, broken) };
  }
}
