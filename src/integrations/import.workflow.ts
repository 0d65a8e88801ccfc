import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Decision, StepRun } from '../engine/workflow-kind.js';
import { WorkflowKind } from '../engine/workflow-kind.js';
import { UnitOfWork } from '../platform/database/unit-of-work.js';
import { Clock } from '../shared/clock.js';
import { DomainError, ValidationError } from '../shared/domain-error.js';
import { DocumentSource, type FetchedDocument, type ReadDocument } from './document-source.js';
import type { ImportRun, ImportState, Integration, IntegrationVersion } from './integration.js';
import { DocumentInvalidError } from './integrations.errors.js';
import { IntegrationsRepository } from './integrations.repository.js';

const SLOTS = 2;
/** A document that breaks its worker each time is not tried for ever. */
const ATTEMPTS_MAX = 5;
/** Catalogues between their reading and their run. */
const READ_KEPT = 4;

interface ImportStep {
  id: 'catalogue' | 'cleanup';
}

/** An import as the engine sees it: the run, with what the integration says about it. */
interface StoredImport {
  run: ImportRun;
  integration: Integration | undefined;
}

/** Durable imports: the stored document is read, its catalogue stored, and the integration gets its new version. */
@Injectable()
export class ImportWorkflow extends WorkflowKind<StoredImport, ImportStep> {
  override readonly name = 'integration_import';
  override readonly slots = SLOTS;
  /** What the request has read already, by run; another process reads the document again. */
  private readonly read = new LRUCache<string, ReadDocument>({ max: READ_KEPT });

  constructor(
    private readonly repository: IntegrationsRepository,
    private readonly source: DocumentSource,
    private readonly unit: UnitOfWork,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** Saves the run from reading the document again. */
  remember(run_id: string, read: ReadDocument): void {
    this.read.set(run_id, read);
  }

  override async load(run_id: string): Promise<StoredImport | undefined> {
    const run = await this.repository.findImport(run_id);
    return run && { run, integration: await this.repository.find(run.org_id, run.integration_id) };
  }

  override next({ run, integration }: StoredImport): Decision<ImportStep> {
    const state = integration?.import;
    const goesOn = !isGone(integration) && state?.run_id === run.run_id && state.status === 'running';
    return { do: 'run', steps: [{ id: goesOn ? 'catalogue' : 'cleanup' }] };
  }

  override async runStep(stored: StoredImport, step: ImportStep, step_run: StepRun): Promise<undefined> {
    if (step.id === 'catalogue') await this.importDocument(stored, step_run);
    else await this.cleanUp(stored);
    this.read.delete(stored.run.run_id);
    return undefined;
  }

  /** Deletes what the import stored of an integration that was deleted meanwhile, then the import. */
  private async cleanUp({ run, integration }: StoredImport): Promise<void> {
    if (isGone(integration)) await this.repository.delete(run.org_id, run.integration_id);
    await this.repository.deleteImport(run.run_id);
  }

  private async importDocument({ run, integration }: StoredImport, { signal, fence, attempt }: StepRun): Promise<void> {
    if (!integration?.import) return;
    const ended = (status: ImportState['status'], failure: string | null): ImportState => ({
      ...(integration.import as ImportState),
      ...{ status, failure, ended_at: this.clock.timestamp() },
    });
    const updated_at = this.clock.timestamp();
    try {
      const { catalogue, summary } = await this.catalogueOf(run, signal);
      await this.repository.putData(run, run.run_id, 'catalogue', catalogue);
      const { integration_id, version, source_url, document_hash, document_bytes, created_by } = run;
      const made: IntegrationVersion = {
        ...{ ...summary, integration_id, version, data_id: run.run_id, restored_from: null },
        ...{ source_url, document_hash, document_bytes, created_by, created_at: run.created_at },
      };
      const ready: Integration = {
        ...{ ...integration, ...summary, version, data_id: run.run_id, source_url, updated_at },
        ...{ status: 'ready', import: ended('done', null) },
      };
      await this.unit.commit([...this.repository.endOf(run, made, ready), ...fence.ends()]);
    } catch (error) {
      signal.throwIfAborted();
      const isFinal =
        error instanceof DocumentInvalidError || error instanceof ValidationError || attempt >= ATTEMPTS_MAX;
      if (!isFinal) throw error;
      const failure = error instanceof DomainError ? error.message : 'The document could not be read';
      // A failed import of a later version leaves the present one in use.
      const status = integration.version === 0 ? 'failed' : integration.status;
      const failed: Integration = { ...integration, status, updated_at, import: ended('failed', failure) };
      await this.unit.commit([...this.repository.failureOf(run, failed), ...fence.ends()]);
    }
  }

  private async catalogueOf(run: ImportRun, signal: AbortSignal): Promise<ReadDocument> {
    const known = this.read.get(run.run_id);
    if (known) return known;
    const [document, files] = await Promise.all([
      this.repository.getData(run, run.run_id, 'document'),
      this.repository.getData(run, run.run_id, 'files'),
    ]);
    if (!document) throw ValidationError.field('source', 'is no longer stored: import it again');
    const { source_url, document_hash, document_bytes } = run;
    const others = files ? (JSON.parse(Buffer.from(files).toString('utf8')) as Record<string, string>) : {};
    const fetched: FetchedDocument = { document, files: others, source_url, document_hash, document_bytes };
    return this.source.read(fetched, run.format, signal);
  }
}

function isGone(integration: Integration | undefined): boolean {
  return integration === undefined || integration.status === 'deleting';
}
