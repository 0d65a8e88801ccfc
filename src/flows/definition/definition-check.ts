import type { z } from 'zod';
import {
  definitionSchema,
  FLOW_LIMITS,
  type FlowDefinition,
  type FlowStep,
  kindOf,
  kindsOf,
  STEP_KIND_NAMES,
} from './definition.js';
import { analysisOf, bareExpression, expressionsIn, ExpressionError, type Variable } from './expressions.js';
import { FlowGraph, pathOf, type PlacedStep, type Scope } from './flow-graph.js';

/** One thing that is wrong with a definition. */
export interface Fault {
  /** Where, e.g. `steps[1].needs[0]`; empty for the whole definition. */
  path: string;
  code: FaultCode;
  message: string;
  suggestion: string;
}

export const FAULT_CODES = [
  ...['schema', 'step_kind', 'duplicate_id', 'unknown_step', 'cycle', 'unreachable', 'not_needed', 'goto'],
  ...['expression', 'variable', 'limit', 'not_applicable', 'input_schema'],
  ...['idempotency_key', 'retry', 'timeout', 'dead_letters', 'reference'],
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

export interface CheckedDefinition {
  /** Undefined when the document does not have the form of a definition. */
  definition: FlowDefinition | undefined;
  faults: Fault[];
}

const FAULTS_MAX = 100;
/** They wait or hold other steps: an attempt of their own that could fail does not exist. */
const WITHOUT_RETRY = new Set(['approval', 'wait', 'wait_for', 'for_each', 'switch']);
const EVERYWHERE: readonly Variable[] = ['input', 'run', 'now', 'steps'];

/** Everything that is wrong with a definition, at most 100 faults. */
export function checkDefinition(document: unknown): CheckedDefinition {
  const parsed = definitionSchema.safeParse(document);
  const faults = [...kindFaults(document)];
  if (!parsed.success) {
    faults.push(...schemaFaults(parsed.error, new Set(faults.map(({ path }) => path))));
    return { definition: undefined, faults: faults.slice(0, FAULTS_MAX) };
  }
  const definition = parsed.data;
  if (faults.length === 0) faults.push(...new DefinitionCheck(definition).faults());
  const size = Buffer.byteLength(JSON.stringify(definition));
  if (size > FLOW_LIMITS.definition_bytes)
    faults.push({
      ...{ path: '', code: 'limit', message: `The definition is ${size} bytes long.` },
      suggestion: `It can have at most ${FLOW_LIMITS.definition_bytes} bytes. Move some steps into a separate flow.`,
    });
  return { definition, faults: faults.slice(0, FAULTS_MAX) };
}

class DefinitionCheck {
  private readonly graph: FlowGraph;
  private readonly found: Fault[] = [];

  constructor(private readonly definition: FlowDefinition) {
    this.graph = new FlowGraph(definition);
  }

  faults(): Fault[] {
    this.checkLimits();
    this.checkIds();
    for (const scope of this.graph.scopes) this.checkOrder(scope);
    for (const placed of this.graph.all) this.checkStep(placed);
    const { concurrency, output } = this.definition;
    const beginning = { readable: new Set<string>(), loops: 0 };
    if (concurrency) this.checkTemplate('concurrency.key', concurrency.key, beginning, ['input', 'run', 'now']);
    const end = { readable: new Set(this.graph.idsOf(this.graph.root)), loops: 0 };
    if (output !== undefined) this.checkTemplate('output', output, end);
    return this.found;
  }

  private checkLimits(): void {
    const { all, scopes } = this.graph;
    if (all.length > FLOW_LIMITS.steps)
      this.report(
        'steps',
        'limit',
        `The flow has ${all.length} steps.`,
        `A flow can have at most ${FLOW_LIMITS.steps}.`,
      );
    for (const { path, depth } of scopes)
      if (depth > FLOW_LIMITS.depth)
        this.report(
          path,
          'limit',
          `The steps are nested ${depth} levels deep.`,
          `Nest at most ${FLOW_LIMITS.depth} levels, or move inner steps into a separate flow.`,
        );
  }

  private checkIds(): void {
    const first = new Map<string, string>();
    for (const { step, path } of this.graph.all) {
      const other = first.get(step.id);
      if (other === undefined) first.set(step.id, path);
      else
        this.report(
          `${path}.id`,
          'duplicate_id',
          `The id "${step.id}" is already used by ${other}.`,
          'Give each step of the flow a unique id, inner steps included.',
        );
    }
  }

  /** Needs that do not exist, cycles, and steps that can never run. */
  private checkOrder(scope: Scope): void {
    const inCycle = new Set<string>();
    for (const [index, step] of scope.steps.entries()) {
      const path = `${scope.path}[${index}]`;
      for (const [at, need] of step.needs.entries()) this.checkNeed(scope, step, need, `${path}.needs[${at}]`);
      if (!this.graph.ancestors(step.id).has(step.id) || inCycle.has(step.id)) continue;
      const members = scope.steps.filter(
        ({ id }) => this.graph.ancestors(id).has(step.id) && this.graph.ancestors(step.id).has(id),
      );
      for (const { id } of members) inCycle.add(id);
      this.report(
        `${path}.needs`,
        'cycle',
        `The steps wait for each other: ${members.map(({ id }) => id).join(', ')}.`,
        'Remove one of these needs, so that one of the steps can start.',
      );
    }
    for (const [index, { id, when }] of scope.steps.entries()) {
      const path = `${scope.path}[${index}]`;
      const blockers = [...this.graph.ancestors(id)].filter((before) => inCycle.has(before));
      if (!inCycle.has(id) && blockers.length > 0)
        this.report(
          path,
          'unreachable',
          `"${id}" can never run: it waits for ${blockers.join(', ')}.`,
          'Break the cycle that it depends on.',
        );
      if (when !== undefined && bareExpression(when) === 'false')
        this.report(
          `${path}.when`,
          'unreachable',
          `"${id}" can never run: its condition is false.`,
          'Remove the step.',
        );
    }
  }

  private checkNeed(scope: Scope, step: FlowStep, need: string, path: string): void {
    if (need === step.id) {
      this.report(path, 'cycle', `"${need}" waits for itself.`, 'Remove it from its own needs.');
      return;
    }
    const placed = this.graph.find(need);
    if (placed?.scope === scope) return;
    if (!placed)
      this.report(
        path,
        'unknown_step',
        `There is no step "${need}".`,
        choices(
          scope.steps.map(({ id }) => id),
          step.id,
        ),
      );
    else
      this.report(
        path,
        'unknown_step',
        `"${need}" (${placed.path}) is not in the same list as "${step.id}".`,
        'A step can need only steps of its own list. Inner steps start after the step that contains them.',
      );
  }

  private checkStep(placed: PlacedStep): void {
    const { step, path, scope } = placed;
    const kind = kindOf(step);
    const here = { readable: this.graph.readable(step.id), loops: scope.loops };
    if (step.retry && WITHOUT_RETRY.has(kind))
      this.report(
        `${path}.retry`,
        'not_applicable',
        `Steps of kind ${kind} are not retried.`,
        kind === 'for_each' || kind === 'switch' ? 'Give a retry to its inner steps.' : 'Remove the retry.',
      );
    if (typeof step.on_error === 'object') this.checkGoto(placed, step.on_error.goto);
    if (step.when !== undefined) this.checkExpression(`${path}.when`, step.when, here);
    if (step.idempotency_key !== undefined) this.checkTemplate(`${path}.idempotency_key`, step.idempotency_key, here);
    if (step.compensate) {
      const { retry: _, timeout_seconds: __, ...undoing } = step.compensate;
      const readable = new Set([...here.readable, step.id]);
      this.checkTemplate(`${path}.compensate`, undoing, { ...here, readable });
    }
    this.checkConfig(placed, here);
  }

  private checkConfig({ step, path }: PlacedStep, here: Here): void {
    const { for_each, switch: choice, wait, transform, code } = step;
    if (for_each) {
      const { items, output } = for_each;
      if (typeof items === 'string') this.checkExpression(`${path}.for_each.items`, items, here);
      else this.checkTemplate(`${path}.for_each.items`, items, here);
      const [inside] = this.graph.scopesOf(step.id);
      const readable = new Set([...here.readable, ...(inside ? this.graph.idsOf(inside) : [])]);
      if (output !== undefined)
        this.checkTemplate(`${path}.for_each.output`, output, { readable, loops: here.loops + 1 });
    } else if (choice)
      for (const [index, { when }] of choice.cases.entries())
        this.checkExpression(`${path}.switch.cases[${index}].when`, when, here);
    else if (wait) {
      if (typeof wait.seconds === 'string') this.checkExpression(`${path}.wait.seconds`, wait.seconds, here);
      if (wait.until !== undefined) this.checkTemplate(`${path}.wait.until`, wait.until, here);
    } else if (typeof transform === 'string') this.checkExpression(`${path}.transform`, transform, here);
    else if (code) this.checkTemplate(`${path}.code.input`, code.input, here);
    else {
      const kind = kindOf(step);
      this.checkTemplate(`${path}.${kind}`, step[kind], here);
    }
  }

  private checkGoto({ step, path, scope }: PlacedStep, target: string): void {
    const there = this.graph.find(target);
    if (there?.scope === scope && this.graph.descendants(step.id).has(target) && target !== step.id) return;
    const problem = there ? `"${target}" does not come after "${step.id}".` : `There is no step "${target}".`;
    this.report(
      `${path}.on_error.goto`,
      'goto',
      problem,
      `Go to a step of the same list that needs "${step.id}", directly or through others.`,
    );
  }

  /** A field that holds a bare expression, or one in `${{ }}`. */
  private checkExpression(path: string, text: string, here: Here): void {
    if (text.includes('${{')) this.checkTemplate(path, text, here);
    else this.checkParsed(path, text, here, EVERYWHERE);
  }

  private checkTemplate(path: string, template: unknown, here: Here, allowed: readonly Variable[] = EVERYWHERE): void {
    if (typeof template === 'object' && template !== null) {
      const isList = Array.isArray(template);
      for (const [name, value] of Object.entries(template as Record<string, unknown>))
        this.checkTemplate(isList ? `${path}[${name}]` : `${path}.${name}`, value, here, allowed);
      return;
    }
    try {
      for (const expression of expressionsIn(template)) this.checkParsed(path, expression, here, allowed);
    } catch (error) {
      this.reportExpression(path, error);
    }
  }

  private checkParsed(path: string, expression: string, here: Here, everywhere: readonly Variable[]): void {
    const allowed: readonly string[] = here.loops > 0 ? [...everywhere, 'item', 'index'] : everywhere;
    try {
      const { steps, variables, is_dynamic } = analysisOf(bareExpression(expression));
      const unknown = [...variables].filter((name) => name in OF_OTHER_PLACES && !allowed.includes(name));
      for (const name of unknown)
        this.report(path, 'variable', `"${name}" does not exist here.`, OF_OTHER_PLACES[name] ?? '');
      if (is_dynamic)
        this.report(
          path,
          'expression',
          `"steps" must be followed by the id of a step.`,
          'Write steps.<id>.output with a fixed id: the step waits for the steps that it reads.',
        );
      for (const id of steps) this.checkRead(path, id, here);
    } catch (error) {
      this.reportExpression(path, error);
    }
  }

  private checkRead(path: string, id: string, { readable }: Here): void {
    if (readable.has(id)) return;
    if (!this.graph.find(id)) this.report(path, 'unknown_step', `There is no step "${id}".`, choices([...readable]));
    else
      this.report(
        path,
        'not_needed',
        `The expression reads "${id}", but the step does not wait for it.`,
        `Add "${id}" to its needs. Read results of inner steps through the step that contains them.`,
      );
  }

  private reportExpression(path: string, error: unknown): void {
    if (!(error instanceof ExpressionError)) throw error;
    this.report(path, 'expression', error.message, 'Correct the expression; the language is CEL (https://cel.dev).');
  }

  private report(path: string, code: FaultCode, message: string, suggestion: string): void {
    this.found.push({ path, code, message, suggestion });
  }
}

interface Here {
  /** Steps whose results exist at this place. */
  readable: ReadonlySet<string>;
  loops: number;
}

/** Variables that exist in some places only. */
const OF_OTHER_PLACES: Readonly<Record<string, string>> = {
  item: 'It exists only inside the steps of a for_each, as the current item.',
  index: 'It exists only inside the steps of a for_each, as the index of the current item.',
  steps: 'No step has a result here: use input.',
  body: 'It exists only in the input of a webhook trigger: use input.',
  headers: 'It exists only in the input of a webhook trigger: use input.',
  query: 'It exists only in the input of a webhook trigger: use input.',
  event: 'It exists only in the filter of an event trigger: use input.',
};

function choices(ids: readonly string[], except?: string): string {
  const there = ids.filter((id) => id !== except).slice(0, 20);
  return there.length === 0 ? 'No step can be used here.' : `Use one of: ${there.join(', ')}.`;
}

/** Steps without a kind or with several, at any depth, before the schema is applied: one clear fault each. */
function* kindFaults(document: unknown): Generator<Fault> {
  for (const { step, path } of rawSteps(document)) {
    const kinds = kindsOf(step);
    if (kinds.length === 1) continue;
    const id = typeof step['id'] === 'string' ? `"${step['id']}"` : 'The step';
    yield {
      path,
      code: 'step_kind',
      message: kinds.length === 0 ? `${id} has no kind.` : `${id} has several kinds: ${kinds.join(', ')}.`,
      suggestion: `Give it exactly one of: ${STEP_KIND_NAMES.join(', ')}.`,
    };
  }
}

type Raw = Record<string, unknown>;

/** Deeper steps are over the limit anyway. */
const RAW_DEPTH = 20;

function* rawSteps(document: unknown, path = 'steps', depth = 0): Generator<{ step: Raw; path: string }> {
  const list = isObject(document) ? document['steps'] : undefined;
  if (!Array.isArray(list) || depth > RAW_DEPTH) return;
  for (const [index, step] of list.entries()) {
    if (!isObject(step)) continue;
    const at = `${path}[${index}]`;
    yield { step, path: at };
    yield* rawSteps(step['for_each'], `${at}.for_each.steps`, depth + 1);
    const choice = isObject(step['switch']) ? step['switch'] : {};
    const cases = Array.isArray(choice['cases']) ? (choice['cases'] as unknown[]) : [];
    for (const [number, one] of cases.entries()) yield* rawSteps(one, `${at}.switch.cases[${number}].steps`, depth + 1);
    yield* rawSteps({ steps: choice['default'] }, `${at}.switch.default`, depth + 1);
  }
}

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function* schemaFaults(error: z.ZodError, reported: ReadonlySet<string>): Generator<Fault> {
  for (const issue of error.issues) {
    const path = pathOf(issue.path);
    if (issue.code === 'unrecognized_keys' && !reported.has(path))
      yield {
        ...{ path, code: 'schema', message: `Unknown fields: ${issue.keys.join(', ')}.` },
        suggestion: 'Remove or rename them; docs/flows.md lists the fields.',
      };
    else if (issue.code !== 'unrecognized_keys')
      yield {
        ...{ path, code: 'schema', message: `${issue.message}.`.replace(/\.\.$/, '.') },
        suggestion: 'Correct the value; docs/flows.md describes the field.',
      };
  }
}
