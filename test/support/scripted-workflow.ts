import type { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { UnitOfWork, write } from '../../src/platform/database/unit-of-work.js';
import type { TableDefinition } from '../../src/platform/database/table-definition.js';
import type { EngineChange } from '../../src/engine/engine.js';
import { type Decision, type StepRun, WorkflowKind } from '../../src/engine/workflow-kind.js';

export const SCRIPTED_TABLES: TableDefinition[] = [{ name: 'ScriptedRuns', partition_key: 'run_id' }];

/** The stored state of a scripted run: each completed step with the process that stored it. */
export interface ScriptedRun {
  run_id: string;
  done: Record<string, string>;
  signals: string[];
}

export interface Script {
  next: (run: ScriptedRun, now: Date) => Decision;
  /** What a step does before its result is stored. */
  work?: (step: string, step_run: StepRun, run: ScriptedRun) => Promise<void>;
}

const RUN = { TableName: 'ScriptedRuns' };

/** A workflow kind whose decisions are scripts of a test, over a table of its own. `by` names the process. */
export class ScriptedWorkflow extends WorkflowKind<ScriptedRun> {
  override readonly name: string = 'scripted';
  private readonly unit: UnitOfWork;

  constructor(
    private readonly db: DynamoDb,
    private readonly scripts: ReadonlyMap<string, Script>,
    private readonly by: string,
    override readonly slots: number,
  ) {
    super();
    this.unit = new UnitOfWork(db);
  }

  override load(run_id: string): Promise<ScriptedRun | undefined> {
    return this.db.get<ScriptedRun>('ScriptedRuns', { run_id });
  }

  override next(run: ScriptedRun, now: Date): Decision {
    return this.script(run).next(run, now);
  }

  override async runStep(run: ScriptedRun, { id }: { id: string }, step_run: StepRun): Promise<undefined> {
    await this.script(run).work?.(id, step_run, run);
    const stepIsNotDone = 'attribute_not_exists(done.#step)';
    const Update = {
      ...RUN,
      Key: { run_id: run.run_id },
      UpdateExpression: 'SET done.#step = :by',
      ConditionExpression: stepIsNotDone,
      ExpressionAttributeNames: { '#step': id },
      ExpressionAttributeValues: { ':by': this.by },
    };
    await this.unit.commit([write.update(Update), ...(id === 'last' ? step_run.fence.ends() : step_run.fence.holds())]);
  }

  /** Stores a new run together with the engine's record. */
  async create(run_id: string, plan: EngineChange): Promise<void> {
    const Item = { run_id, done: {}, signals: [] };
    try {
      const put = write.put({ ...RUN, Item, ConditionExpression: 'attribute_not_exists(run_id)' });
      await this.unit.commit([put, ...plan.writes]);
      plan.committed();
    } catch (error) {
      plan.abandoned();
      throw error;
    }
  }

  async signal(run_id: string, name: string, change: EngineChange): Promise<void> {
    const Update = {
      ...RUN,
      Key: { run_id },
      UpdateExpression: 'SET signals = list_append(signals, :names)',
      ExpressionAttributeValues: { ':names': [name] },
    };
    await this.unit.commit([write.update(Update), ...change.writes]);
    change.committed();
  }

  private script({ run_id }: ScriptedRun): Script {
    const script = this.scripts.get(run_id);
    if (!script) throw new Error(`no script for ${run_id}`);
    return script;
  }
}

/** One step after the other, then done. */
export function inOrder(...ids: string[]): Script['next'] {
  return ({ done }) => {
    const id = ids.find((one) => done[one] === undefined);
    return id === undefined ? { do: 'done' } : { do: 'run', steps: [{ id }] };
  };
}

/** A promise with the function that settles it. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A gate that a test opens; steps wait at it. */
export class Gate {
  arrived = 0;
  private readonly opening = deferred<undefined>();

  open(): void {
    this.opening.resolve(undefined);
  }

  async pass(): Promise<void> {
    this.arrived += 1;
    await this.opening.promise;
  }
}
