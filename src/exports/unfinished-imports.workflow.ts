import { Injectable, Logger } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import { type Decision, type StepRun, WorkflowKind } from '../engine/workflow-kind.js';
import { FlowsService } from '../flows/flows.service.js';
import { IntegrationsService } from '../integrations/integrations.service.js';
import { UnitOfWork } from '../platform/database/unit-of-work.js';
import { ProjectDeletionService } from '../projects/project-deletion.service.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, NotFoundError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import {
  type ImportedItem,
  type UnfinishedImport,
  UnfinishedImportsRepository,
} from './unfinished-imports.repository.js';

/** A process that has not said for so long that it is alive counts as dead, and its import is undone. */
const ALIVE_MS = 30_000;
const SAID_EVERY_MS = 10_000;
const SLOTS = 2;

/** Notes each item before it is made. @throws ConflictError when the import is being undone */
export type NoteItem = (item: ImportedItem) => Promise<void>;

/**
 * Imports of packages that have not ended. A request makes the items; the engine watches over it and undoes an import whose process died, so
 * that a package is taken over whole or not at all.
 */
@Injectable()
export class UnfinishedImports extends WorkflowKind<UnfinishedImport, { id: 'undo' }> {
  override readonly name = 'package_import';
  override readonly slots = SLOTS;
  private readonly logger = new Logger(UnfinishedImports.name);

  constructor(
    private readonly repository: UnfinishedImportsRepository,
    private readonly engine: Engine,
    private readonly unit: UnitOfWork,
    private readonly flows: FlowsService,
    private readonly deletion: ProjectDeletionService,
    private readonly integrations: IntegrationsService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    super();
  }

  /**
   * Runs an import. When it fails, what it made is deleted again; flows are archived.
   * @throws what the import throws; EngineUnavailableError before anything is made
   */
  async during<T>(org_id: string, work: (note: NoteItem) => Promise<T>): Promise<T> {
    const import_id = this.ids.next('pkg');
    const one = { import_id, org_id, alive_until: this.aliveUntil(), is_undone: false, items: [] };
    const plan = this.engine.plan({ kind: this.name, run_id: import_id, org_id });
    try {
      await this.unit.commit([this.repository.createOf(one), ...plan.writes]);
      plan.committed();
    } catch (error) {
      plan.abandoned();
      throw error;
    }
    const items: ImportedItem[] = [];
    const note = async (item: ImportedItem): Promise<void> => {
      items.push(item);
      if (!(await this.repository.note(import_id, [item], this.aliveUntil())))
        throw new ConflictError('The import stopped reporting progress and was undone', {
          suggestion: 'Import the package again.',
        });
    };
    const timer = setInterval(() => {
      this.repository.note(import_id, [], this.aliveUntil()).catch((error: unknown) => {
        this.logger.warn({ msg: 'an import could not renew its heartbeat', import_id, err: error });
      });
    }, SAID_EVERY_MS);
    try {
      const made = await work(note);
      await this.ended(import_id);
      return made;
    } catch (error) {
      await this.undone({ ...one, items }).then(
        () => this.ended(import_id),
        (fault: unknown) => {
          // The engine repeats it.
          this.logger.warn({ msg: 'a failed import could not be undone yet; retrying', import_id, err: fault });
        },
      );
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  override load(run_id: string): Promise<UnfinishedImport | undefined> {
    return this.repository.find(run_id);
  }

  override next({ alive_until }: UnfinishedImport, now: Date): Decision<{ id: 'undo' }> {
    return Date.parse(alive_until) > now.getTime()
      ? { do: 'sleep', until: alive_until }
      : { do: 'run', steps: [{ id: 'undo' }] };
  }

  override async runStep({ import_id }: UnfinishedImport, _step: unknown, { fence }: StepRun): Promise<undefined> {
    // From here on the import can note nothing more, so nothing is missing from the items that are read now.
    const found = (await this.repository.undo(import_id)) ? await this.repository.find(import_id) : undefined;
    if (found) await this.undone(found);
    await this.unit.commit([this.repository.deleteOf(import_id), ...fence.ends()]);
    return undefined;
  }

  /** Flows first: they use the others. Safe to repeat. */
  private async undone({ org_id, items }: UnfinishedImport): Promise<void> {
    const remove: Record<ImportedItem['kind'], (id: string) => Promise<unknown>> = {
      flow: (id) => this.flows.archive(org_id, id),
      project: (id) => this.deletion.delete(org_id, id),
      integration: (id) => this.integrations.delete(org_id, id),
    };
    for (const kind of ['flow', 'project', 'integration'] as const)
      for (const { id } of items.filter((one) => one.kind === kind).toReversed())
        await remove[kind](id).catch((error: unknown) => {
          if (!(error instanceof NotFoundError)) throw error;
        });
  }

  private async ended(import_id: string): Promise<void> {
    const end = this.engine.end(import_id);
    await this.unit.commit([this.repository.deleteOf(import_id), ...end.writes]);
    end.committed();
  }

  private aliveUntil(): string {
    return new Date(this.clock.now().getTime() + ALIVE_MS).toISOString();
  }
}
