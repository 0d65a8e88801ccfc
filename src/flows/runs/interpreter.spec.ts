import fc from 'fast-check';
import { definitionSchema, type FlowDefinition, type FlowStep } from '../definition/definition.js';
import { FlowGraph } from '../definition/flow-graph.js';
import { type FlowRun, isFinal, type RunState, stepIdOf, type StepRecord } from './flow-run.js';
import { nextOf, type RunAction, type RunDecision } from './interpreter.js';

const START = Date.parse('2026-03-29T00:30:00.000Z');

function runOf(fields: Partial<FlowRun> = {}): FlowRun {
  return {
    ...{ run_id: 'frun_1', org_id: 'org_1', user_id: 'usr_1', flow_id: 'flow_1', flow_version: 1, status: 'queued' },
    ...{ trigger: { kind: 'api', id: null }, input: { value: {} }, output: null, error: null, cost_usd: 0 },
    ...{ max_cost_usd: null, dry_run: false, created_at: iso(START), started_at: null, ended_at: null },
    ...{ deadline_at: iso(START + 86_400_000), is_paused: false, cancel: null, lock: null, parent: null },
    ...{ ending: null, depth: 0, retries: 0 },
    ...fields,
  };
}

function stateOf(fields: Partial<FlowRun> = {}): RunState {
  return {
    run: runOf(fields),
    steps: new Map(),
    signals: [],
    decisions: new Map(),
    children: new Map(),
    is_locked_out: false,
    completed_scopes: new Set(),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** What a step does when it is run, by its key; a list is used up attempt by attempt. */
type Outcome = 'ok' | 'fail' | 'retry' | 'skip' | 'crash';

/** Runs a definition as the platform does, with given outcomes instead of real work. */
class Simulation {
  readonly state: RunState;
  readonly begun: string[] = [];
  readonly compensated: string[] = [];
  readonly completed: string[] = [];
  now = START;
  private readonly graph: FlowGraph;

  constructor(
    readonly definition: FlowDefinition,
    private readonly outcomeOf: (key: string, attempt: number) => Outcome = () => 'ok',
    run: Partial<FlowRun> = {},
  ) {
    this.graph = new FlowGraph(definition);
    this.state = stateOf(run);
  }

  decide(): RunDecision {
    const decision = nextOf(this.graph, this.state, new Date(this.now));
    if (decision.ending) this.state.run.ending = decision.ending;
    if (!decision.is_over) this.state.run.status = decision.status;
    return decision;
  }

  /** Does one action of each decision, chosen by `choose`, until the run is over. @returns the number of decisions */
  runToEnd(choose: (count: number) => number = () => 0, most = 20_000): number {
    for (let round = 1; round <= most; round++) {
      const { actions, until, is_over } = this.decide();
      if (is_over) return round;
      const action = actions[choose(actions.length) % Math.max(1, actions.length)];
      if (action) this.perform(action);
      else if (until !== undefined) this.now = Math.max(this.now, Date.parse(until));
      else throw new Error('the run waits for nothing');
    }
    throw new Error(`the run did not end within ${most} decisions`);
  }

  perform(action: RunAction): void {
    if (action.do === 'enter') throw new Error('there is no lock');
    if (action.do === 'finish') {
      this.state.run.status = action.status;
      return;
    }
    const { key, step } = action;
    if (action.do === 'compensate') {
      const record = this.state.steps.get(key);
      if (!record) throw new Error(`nothing to undo in ${key}`);
      this.compensated.push(key);
      record.compensation = {
        status: this.outcomeOf(`undo:${key}`, 1) === 'fail' ? 'failed' : 'completed',
        attempts: [],
      };
    } else if (action.do === 'settle') this.settle(action.key, action.failed_key);
    else this.begin(key, step, action.items);
  }

  private begin(key: string, step: FlowStep, items: number[]): void {
    const before = this.state.steps.get(key);
    const attempt = (before?.attempts.length ?? 0) + 1;
    this.begun.push(key);
    const item = items.length === 0 ? null : items.join('.');
    const record: StepRecord = {
      ...{ key, step_id: step.id, item, status: 'running' },
      attempts: Array.from({ length: attempt }, () => ATTEMPT),
    };
    this.state.steps.set(key, record);
    const outcome = this.outcomeOf(key, attempt);
    if (outcome === 'crash') return;
    if (outcome === 'skip') record.status = 'skipped';
    else if (outcome === 'fail') record.status = 'failed';
    else if (outcome === 'retry' && attempt < 3) {
      record.status = 'retrying';
      record.next_attempt_at = iso(this.now + 1_000);
    } else if (step.for_each)
      Object.assign(record, { status: 'waiting', items: (step.for_each.items as unknown[]).length });
    else if (step.switch)
      Object.assign(record, { status: 'waiting', case_name: step.switch.cases[0]?.name ?? 'case_1' });
    else if (step.wait) Object.assign(record, { status: 'waiting', wake_at: iso(this.now + 5_000) });
    else this.complete(record);
  }

  private settle(key: string, failed_key: string | undefined): void {
    const record = this.state.steps.get(key);
    if (!record) throw new Error(`${key} has not begun`);
    if (failed_key === undefined) this.complete(record);
    else record.status = 'failed';
  }

  private complete(record: StepRecord): void {
    record.status = 'completed';
    record.completed_as = this.completed.push(record.key);
  }
}

const ATTEMPT = { started_at: iso(START), ended_at: null, status: 'running', error: null } as const;

const definitionOf = (steps: unknown[], rest: object = {}): FlowDefinition =>
  definitionSchema.parse({ steps, timeout_seconds: 86_400, ...rest });

const transform = (id: string, fields: object = {}): object => ({ id, transform: '1', ...fields });

describe('the interpreter', () => {
  it('starts what needs nothing at once, and the rest when all its needs are over', () => {
    const flow = new Simulation(definitionOf([transform('a'), transform('b'), transform('c', { needs: ['a', 'b'] })]));
    expect(flow.decide().actions.map(({ id }) => id)).toEqual(['step:a', 'step:b']);
    flow.runToEnd();
    expect(flow.completed).toEqual(['a', 'b', 'c']);
    expect(flow.state.run.status).toBe('completed');
  });

  it('runs a step whose needs were skipped', () => {
    const flow = new Simulation(definitionOf([transform('a'), transform('b', { needs: ['a'] })]), (key) =>
      key === 'a' ? 'skip' : 'ok',
    );
    flow.runToEnd();
    expect(flow.completed).toEqual(['b']);
  });

  it('compensates in the reverse order of completion and ends as compensated', () => {
    const undo = { compensate: { code: { source: 'x' } } };
    const flow = new Simulation(
      definitionOf([
        transform('a', undo),
        transform('b', { ...undo, needs: ['a'] }),
        transform('c', { needs: ['b'] }),
        transform('d', { ...undo, needs: ['c'] }),
      ]),
      (key) => (key === 'd' ? 'fail' : 'ok'),
    );
    flow.runToEnd();
    expect(flow.compensated).toEqual(['b', 'a']);
    expect(flow.state.run).toMatchObject({ status: 'compensated', ending: { status: 'failed', failed_key: 'd' } });
  });

  it('goes on at another step, past what depends on the failure alone', () => {
    const flow = new Simulation(
      definitionOf([
        transform('pay', { on_error: { goto: 'apologise' } }),
        transform('ship', { needs: ['pay'] }),
        transform('notify', { needs: ['ship'] }),
        transform('apologise', { needs: ['pay'] }),
        transform('close', { needs: ['ship', 'apologise'] }),
      ]),
      (key) => (key === 'pay' ? 'fail' : 'ok'),
    );
    flow.runToEnd();
    expect(flow.completed).toEqual(['apologise', 'close']);
    expect(flow.state.run.status).toBe('completed');
  });

  it('keeps to the number of items that may run at once', () => {
    const flow = new Simulation(
      definitionOf([{ id: 'all', for_each: { items: [1, 2, 3, 4], max_parallel: 2, steps: [transform('one')] } }]),
    );
    const [open] = flow.decide().actions;
    if (open) flow.perform(open);
    expect(flow.decide().actions.map(({ id }) => id)).toEqual(['step:one[0]', 'step:one[1]']);
    flow.runToEnd();
    expect(flow.completed).toEqual(['one[0]', 'one[1]', 'one[2]', 'one[3]', 'all']);
  });

  it('begins no further item after one has failed', () => {
    const flow = new Simulation(
      definitionOf([{ id: 'all', for_each: { items: [1, 2, 3], max_parallel: 1, steps: [transform('one')] } }]),
      (key) => (key === 'one[1]' ? 'fail' : 'ok'),
    );
    flow.runToEnd();
    expect(flow.begun).toEqual(['all', 'one[0]', 'one[1]']);
    expect(flow.state.run.ending).toEqual({ status: 'failed', failed_key: 'all' });
  });

  it('begins nothing while it is paused, and wakes at the time limit only', () => {
    const flow = new Simulation(definitionOf([transform('a'), { id: 'b', wait: { seconds: 5 } }]));
    flow.state.run.is_paused = true;
    expect(flow.decide()).toMatchObject({ actions: [], status: 'paused', until: flow.state.run.deadline_at });
    flow.state.run.is_paused = false;
    flow.runToEnd();
    expect(flow.state.run.status).toBe('completed');
  });

  it('waits for an attempt that writes before it compensates a cancelled run, and gives up one that reads', () => {
    const write = { http: { method: 'POST', url: 'https://shop.example/refunds' } };
    const read = { http: { url: 'https://shop.example/orders' } };
    const flow = new Simulation(
      definitionOf([{ id: 'a', ...write }, { id: 'b', ...read }, transform('c', { needs: ['a'] })]),
      (_key, attempt) => (attempt === 1 ? 'crash' : 'ok'),
    );
    for (const action of flow.decide().actions) flow.perform(action);
    flow.state.run.cancel = { reason: 'test', compensate: true, by: 'usr_1', at: iso(START) };
    const { actions, stops_others } = flow.decide();
    expect({ ids: actions.map(({ id }) => id), stops_others }).toEqual({ ids: ['step:a'], stops_others: true });
    flow.runToEnd();
    expect(flow.state.run.status).toBe('cancelled');
    expect(flow.begun).toEqual(['a', 'b', 'a']);
  });

  it('ends a run at its time limit', () => {
    const flow = new Simulation(definitionOf([{ id: 'a', wait_for: { signal: 'never' } }]));
    const [wait] = flow.decide().actions;
    if (wait?.do === 'begin')
      flow.state.steps.set('a', { ...{ key: 'a', step_id: 'a', item: null, status: 'waiting', attempts: [] } });
    expect(flow.decide()).toMatchObject({ actions: [], status: 'waiting', until: flow.state.run.deadline_at });
    flow.runToEnd();
    expect(flow.state.run.status).toBe('timed_out');
  });
});

/** Definitions with needs among earlier steps only, so that they have no cycle, nested up to three levels. */
function stepsArbitrary(depth: number, prefix: string): fc.Arbitrary<object[]> {
  const leaf = fc.constantFrom<object>({ transform: '1' }, { wait: { seconds: 5 } }, { code: { source: 'x' } });
  const nested = (index: number): fc.Arbitrary<object> =>
    depth === 0
      ? leaf
      : fc.oneof(
          { weight: 4, arbitrary: leaf },
          {
            weight: 1,
            arbitrary: fc
              .tuple(
                stepsArbitrary(depth - 1, `${prefix}${index}e`),
                fc.integer({ min: 0, max: 4 }),
                fc.integer({ min: 1, max: 3 }),
              )
              .map(([steps, items, max_parallel]) => ({
                for_each: { items: Array.from({ length: items }, () => 1), max_parallel, steps },
              })),
          },
          {
            weight: 1,
            arbitrary: stepsArbitrary(depth - 1, `${prefix}${index}c`).map((steps) => ({
              switch: { cases: [{ when: 'true', steps }] },
            })),
          },
        );
  return fc.integer({ min: 1, max: depth === 2 ? 6 : 3 }).chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, index) =>
        fc
          .record({
            kind: nested(index),
            needs: fc.subarray(Array.from({ length: index }, (__, other) => `${prefix}${other}`)),
            on_error: fc.constantFrom('fail', 'fail', 'continue'),
            undo: fc.boolean(),
          })
          .map(({ kind, needs, on_error, undo }) => ({
            ...{ id: `${prefix}${index}`, needs, on_error },
            ...kind,
            ...(undo ? { compensate: { code: { source: 'x' } } } : {}),
          })),
      ),
    ),
  );
}

const outcomes = fc.array(fc.constantFrom<Outcome>('ok', 'ok', 'ok', 'ok', 'fail', 'retry', 'skip', 'crash'), {
  minLength: 8,
  maxLength: 40,
});

describe('any flow', () => {
  it('ends, repeats no completed step, and compensates in the reverse order of completion', () => {
    fc.assert(
      fc.property(
        stepsArbitrary(2, 's'),
        outcomes,
        fc.array(fc.nat(50), { minLength: 1, maxLength: 30 }),
        (steps, results, choices) => {
          let asked = 0;
          const flow = new Simulation(definitionOf(steps), (_key, attempt) => {
            const outcome = results[asked++ % results.length] ?? 'ok';
            return outcome === 'crash' && attempt > 2 ? 'ok' : outcome;
          });
          let choice = 0;
          flow.runToEnd(() => choices[choice++ % choices.length] ?? 0);
          expect(isFinal(flow.state.run.status)).toBe(true);
          expect(new Set(flow.completed).size).toBe(flow.completed.length);
          for (const key of flow.completed)
            expect(flow.begun.slice(flow.begun.lastIndexOf(key) + 1)).not.toContain(key);
          const order = flow.compensated.map((key) => flow.completed.indexOf(key));
          expect(order).toEqual([...order].sort((a, b) => b - a));
          const withUndo = flow.completed.filter((key) => hasUndo(steps, key));
          if (flow.state.run.ending?.status === 'failed') expect(new Set(flow.compensated)).toEqual(new Set(withUndo));
          else expect(flow.compensated).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('decides the same for the same state', () => {
    fc.assert(
      fc.property(stepsArbitrary(2, 's'), outcomes, (steps, results) => {
        const flow = new Simulation(definitionOf(steps), (key) => results[key.length % results.length] ?? 'ok');
        for (let round = 0; round < 10; round++) {
          const [first, second] = [flow.decide(), flow.decide()];
          expect(second).toEqual(first);
          const [action] = first.actions;
          if (action) flow.perform(action);
        }
      }),
      { numRuns: 50 },
    );
  });
});

function hasUndo(steps: object[], key: string): boolean {
  const graph = new FlowGraph(definitionOf(steps));
  return graph.get(stepIdOf(key)).step.compensate !== undefined;
}
