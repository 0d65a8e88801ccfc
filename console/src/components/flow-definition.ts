import { isMap, isSeq, LineCounter, parseDocument, stringify, type Node } from 'yaml';
import type { FlowRunDto, FlowStepRunDto } from '../client/types.gen';
import type { EditorFault, GraphEdge, GraphNode, Word } from './text';
import type { Span } from './waterfall';

/** What a step does, by the field that says so. */
export const STEP_KINDS = {
  call: 'Call an operation of an integration',
  tool: 'Call a tool',
  agent: 'Ask an agent',
  http: 'Send a request',
  code: 'Run code in the sandbox',
  transform: 'Compute a value',
  approval: 'Ask a person',
  wait: 'Wait for a time',
  wait_for: 'Wait for a signal',
  flow: 'Run another flow',
  for_each: 'Repeat for each item',
  switch: 'Choose a branch',
  webhook: 'Send a signed webhook',
} as const;
export type StepKind = keyof typeof STEP_KINDS;

export interface Step {
  id: string;
  name?: string;
  needs?: string[];
  when?: string;
  approval?: { message?: string; roles?: string[] };
  wait_for?: { signal?: string };
  for_each?: { steps?: Step[] };
  switch?: { cases?: { name?: string; when?: string; steps?: Step[] }[]; default?: Step[] };
  [field: string]: unknown;
}

export interface Definition {
  input_schema?: Record<string, unknown>;
  steps?: Step[];
  [field: string]: unknown;
}

/** The steps that have an id; half-written definitions hold others too. */
const stepsOf = (steps: unknown): Step[] =>
  Array.isArray(steps)
    ? steps.filter(
        (step): step is Step => typeof step === 'object' && step !== null && typeof (step as Step).id === 'string',
      )
    : [];

export const kindOf = (step: Step): StepKind | undefined =>
  (Object.keys(STEP_KINDS) as StepKind[]).find((kind) => step[kind] !== undefined);

const innerOf = (step: Step): { label: string | undefined; steps: Step[] }[] => [
  ...(step.for_each ? [{ label: 'each', steps: stepsOf(step.for_each.steps) }] : []),
  ...(step.switch
    ? [
        ...(Array.isArray(step.switch.cases) ? step.switch.cases : []).map((one, index) => ({
          label: one.name ?? `case_${index + 1}`,
          steps: stepsOf(one.steps),
        })),
        { label: 'default', steps: stepsOf(step.switch.default) },
      ]
    : []),
];

/** Every step, the inner ones after the step that holds them. */
export const allSteps = (steps: unknown): Step[] =>
  stepsOf(steps).flatMap((step) => [step, ...innerOf(step).flatMap((inner) => allSteps(inner.steps))]);

const NOTABLE = ['failed', 'retrying', 'running', 'waiting', 'cancelled', 'pending', 'completed', 'skipped'];

/** The status that a step shows: of several items the one that wants most attention. */
function statusOf(records: readonly FlowStepRunDto[]): string | undefined {
  return NOTABLE.find((status) => records.some((record) => record.status === status));
}

/** What a step does it to, in a few words. */
function noteOf(step: Step, kind: StepKind | undefined): string {
  const of = (kind === undefined ? {} : (step[kind] ?? {})) as Record<string, unknown>;
  const text = (value: unknown): string =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const notes: Readonly<Partial<Record<StepKind, string>>> = {
    call: `${text(of['integration'])} · ${text(of['operation'])}`,
    tool: text(of['name']),
    agent: text(of['agent_id']).replace(/^[^:]*:/, 'agent '),
    http: `${text(of['method']) || 'GET'} ${text(of['url'])}`,
    wait: of['seconds'] === undefined ? `until ${text(of['until'])}` : `${text(of['seconds'])} s`,
    wait_for: `signal ${text(of['signal'])}`,
    flow: text(of['flow_id']),
  };
  return kind === undefined ? '' : (notes[kind] ?? STEP_KINDS[kind].toLowerCase());
}

/** The boxes and arrows of a definition, with the state of a run where there is one. */
export function graphOf(
  definition: Definition,
  records: readonly FlowStepRunDto[] = [],
): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const place = (steps: readonly Step[]): void => {
    for (const step of steps) {
      const kind = kindOf(step);
      const status = statusOf(records.filter(({ step_id }) => step_id === step.id));
      nodes.push({
        id: step.id,
        label: step.name ?? step.id,
        note: noteOf(step, kind),
        shape: kind === 'approval' ? 'round' : kind === 'call' || kind === 'tool' || kind === 'http' ? 'tool' : 'box',
        ...(status === undefined ? {} : { status }),
      });
      for (const from of Array.isArray(step.needs) ? step.needs : [])
        edges.push({ from, to: step.id, ...(step.when === undefined ? {} : { label: 'when' }) });
      for (const { label, steps: inner } of innerOf(step)) {
        place(inner);
        for (const one of inner) if ((one.needs ?? []).length === 0) edges.push({ from: step.id, to: one.id, label });
      }
    }
  };
  place(stepsOf(definition.steps));
  return { nodes, edges };
}

/** When a step of a run began to run or wait and when it ended, from the events of the run. */
export type StepTimes = Readonly<Record<string, { from: string; to?: string }>>;

const MS = (at: string): number => new Date(at).getTime();

/** The bars of a run: one for each attempt, and one for each wait. Steps that have not begun have none. */
export function spansOfRun(run: FlowRunDto, times: StepTimes, definition: Definition | undefined): Span[] {
  const zero = MS(run.created_at);
  const steps = new Map(allSteps(definition?.steps).map((step) => [step.id, step]));
  return run.steps
    .flatMap((record): Span[] => {
      const step = steps.get(record.step_id);
      const kind = step && kindOf(step);
      const isWait = kind === 'approval' || kind === 'wait' || kind === 'wait_for';
      const shared = {
        name:
          record.item === null ? (step?.name ?? record.step_id) : `${step?.name ?? record.step_id} [${record.item}]`,
        kind: isWait ? ('wait' as const) : ('step' as const),
        input: record.input,
        depth: record.item === null ? 0 : 1,
      };
      const attempts = record.attempts.map((attempt, index): Span => {
        const isLast = index === record.attempts.length - 1;
        return {
          ...shared,
          id: `${record.key}#${index}`,
          start: MS(attempt.started_at) - zero,
          length: attempt.ended_at === null ? undefined : MS(attempt.ended_at) - MS(attempt.started_at),
          status: attempt.status === 'running' ? 'running' : attempt.status === 'completed' ? 'success' : 'failed',
          output: isLast ? record.output : undefined,
          error: attempt.error?.message,
          cost_usd: isLast && record.cost_usd !== undefined ? record.cost_usd : undefined,
          note: record.attempts.length > 1 ? `attempt ${index + 1}` : record.note,
        };
      });
      if (attempts.length > 0) return attempts;
      const time = times[record.key];
      if (!time) return [];
      const isOpen = record.status === 'waiting' || record.status === 'running' || record.status === 'retrying';
      return [
        {
          ...shared,
          id: record.key,
          start: MS(time.from) - zero,
          length: isOpen ? undefined : MS(time.to ?? run.ended_at ?? time.from) - MS(time.from),
          status: isOpen ? (isWait ? 'waiting' : 'running') : record.status === 'failed' ? 'failed' : 'success',
          output: record.output,
          error: record.error?.message,
          note: record.note,
        },
      ];
    })
    .sort((one, other) => one.start - other.start);
}

export const yamlOf = (definition: unknown): string => stringify(definition, { lineWidth: 110 });

/** `steps[1].needs[0]` as its parts. */
const partsOf = (path: string): (string | number)[] =>
  [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) =>
    index === undefined ? (name ?? '') : Number(index),
  );

export interface ReadYaml {
  definition: Definition | undefined;
  faults: EditorFault[];
  /** The line of the deepest part of a path that is there, from 1. */
  lineOf: (path: string) => number;
}

/** A definition as it is written, with what keeps it from being read. */
export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const value: unknown = document.errors.length === 0 ? document.toJS() : undefined;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const faults = document.errors.map(({ message, pos }) => ({
    line: lines.linePos(pos[0]).line,
    message: message.split('\n')[0] ?? message,
  }));
  if (faults.length === 0 && !isObject)
    faults.push({ line: 1, message: 'The definition must be an object with steps.' });
  const lineOf = (path: string): number => {
    let node: unknown = document.contents;
    let offset = 0;
    for (const part of partsOf(path)) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => String(key) === String(part));
        if (!pair) break;
        offset = (pair.key as Node | null)?.range?.[0] ?? offset;
        node = pair.value;
      } else if (isSeq(node) && typeof part === 'number') {
        const item = node.items[part] as Node | undefined;
        if (!item) break;
        offset = item.range?.[0] ?? offset;
        node = item;
      } else break;
    }
    return lines.linePos(offset).line;
  };
  return { definition: isObject ? (value as Definition) : undefined, faults, lineOf };
}

const words = (fields: Readonly<Record<string, string>>): Word[] =>
  Object.entries(fields).map(([label, detail]) => ({ label, detail }));

const RETRY = {
  max_attempts: '1 to 20',
  initial_seconds: 'seconds before the second attempt',
  factor: 'multiplies the pause after each attempt',
  max_seconds: 'longest pause in seconds',
  jitter: 'true or false',
};
const STEP = {
  id: 'unique name in lowercase',
  name: 'shown in the console',
  needs: 'steps that must finish first',
  when: 'condition in CEL',
  retry: 'how to repeat failed attempts',
  timeout_seconds: 'time limit of one attempt',
  idempotency_key: 'makes a repeated write safe',
  compensate: 'undoes the step when the run fails later',
  on_error: 'fail, continue or goto',
  ...STEP_KINDS,
};
const CALL = { integration: 'name or id', operation: 'name or id', input: 'its input' };
const HTTP = { method: 'GET, POST …', url: 'URL', headers: 'headers', body: 'JSON body' };
/** The fields that may stand below a field; items of lists stand directly below the list's field. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    input_schema: 'JSON Schema of the input',
    timeout_seconds: 'time limit of the run, at most 30 days',
    max_cost_usd: 'cost limit of the run in US dollars',
    concurrency: 'what happens to runs with the same key',
    dead_letters: 'keep failed runs for replay',
    steps: 'what the flow does',
    output: 'output of the run',
  },
  input_schema: { type: 'object', required: 'list of names', properties: 'fields by name' },
  concurrency: { key: 'text or expression', policy: 'queue, skip or cancel_running' },
  steps: STEP,
  default: STEP,
  retry: RETRY,
  compensate: {
    call: STEP_KINDS.call,
    tool: STEP_KINDS.tool,
    http: STEP_KINDS.http,
    webhook: STEP_KINDS.webhook,
    agent: STEP_KINDS.agent,
    code: STEP_KINDS.code,
    idempotency_key: STEP.idempotency_key,
    retry: STEP.retry,
    timeout_seconds: STEP.timeout_seconds,
  },
  on_error: { goto: 'a later step' },
  call: CALL,
  tool: { name: 'tool', operation: 'required if the tool has several', input: 'its input' },
  agent: { agent_id: 'id of the agent', input: 'message to the agent' },
  http: HTTP,
  webhook: { url: 'URL', headers: 'headers', body: 'JSON body' },
  code: { source: 'JavaScript that defines run(input)', input: 'argument of run' },
  approval: {
    roles: 'who may decide',
    message: 'what to decide',
    expires_seconds: '7 days by default',
    on_expiry: 'reject, approve or fail',
  },
  wait: { seconds: 'how long', until: 'point in time, or an expression' },
  wait_for: { signal: 'name of the signal', expires_seconds: '7 days by default', on_expiry: 'fail or continue' },
  flow: { flow_id: 'a published flow', version: 'latest by default', input: 'its input' },
  for_each: {
    items: 'a list or an expression',
    max_parallel: '1 to 50',
    steps: 'run for each item',
    output: 'output of each item',
  },
  switch: { cases: 'the first case whose condition is true runs', default: 'steps if no case is true' },
  cases: { name: 'shown in the graph', when: 'condition in CEL', steps: 'steps of this case' },
};
const VALUES: Readonly<Record<string, readonly string[]>> = {
  policy: ['queue', 'skip', 'cancel_running'],
  on_error: ['fail', 'continue'],
  on_expiry: ['reject', 'approve', 'fail', 'continue'],
  method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  roles: ['developer', 'orchestration_manager', 'admin'],
  type: ['object', 'string', 'number', 'integer', 'boolean', 'array'],
};

/** What fits at a place of a definition. `names` are the ids and names that can be referred to, by field. */
export function wordsAt(
  path: readonly string[],
  field: string | undefined,
  names: Readonly<Record<string, readonly string[]>>,
): Word[] {
  const last = path.at(-1) ?? '';
  const values = [...(VALUES[field ?? last] ?? []), ...(names[field ?? last] ?? [])];
  if (field !== undefined || values.length > 0) return values.map((label) => ({ label }));
  return words(FIELDS[last] ?? {}).map((word) => ({ ...word, apply: `${word.label}: ` }));
}
