import { type FlowDefinition, type FlowStep, innerSteps } from './definition.js';

/** Steps that stand side by side: those of the flow, of a `for_each`, or of one case of a `switch`. */
export interface Scope {
  /** Where the list stands in the definition, e.g. `steps[2].for_each.steps`. */
  path: string;
  /** The step that holds the scope; null for the flow itself. */
  owner: FlowStep | null;
  /** Which case of a `switch`; null otherwise. */
  case_name: string | null;
  parent: Scope | null;
  /** How many `for_each` stand around it. */
  loops: number;
  depth: number;
  steps: FlowStep[];
}

export interface PlacedStep {
  step: FlowStep;
  scope: Scope;
  /** E.g. `steps[2].for_each.steps[0]`. */
  path: string;
}

/**
 * What a definition says about order, computed once: which steps stand together, what each waits for and what waits for it.
 * Unknown ids and second steps with the same id are left out; {@link checkDefinition} reports them.
 */
export class FlowGraph {
  readonly root: Scope;
  readonly scopes: Scope[] = [];
  /** In the order of the definition, also those with the id of another. */
  readonly all: PlacedStep[] = [];
  private readonly placed = new Map<string, PlacedStep>();
  private readonly before = new Map<string, ReadonlySet<string>>();
  private readonly after = new Map<string, Set<string>>();
  private readonly inScope = new Map<Scope, ReadonlySet<string>>();

  constructor(definition: Pick<FlowDefinition, 'steps'>) {
    this.root = this.add({
      ...{ path: 'steps', owner: null, case_name: null, parent: null, loops: 0, depth: 1 },
      steps: definition.steps,
    });
    for (const { step } of this.placed.values()) {
      const ancestors = this.ancestors(step.id);
      for (const id of ancestors) {
        const later = this.after.get(id) ?? new Set();
        this.after.set(id, later.add(step.id));
      }
    }
  }

  find(id: string): PlacedStep | undefined {
    return this.placed.get(id);
  }

  /** @throws RangeError for an id that the definition does not have */
  get(id: string): PlacedStep {
    const placed = this.placed.get(id);
    if (!placed) throw new RangeError(`no step ${id}`);
    return placed;
  }

  /** The ids that a step needs and that stand beside it. */
  needs(id: string): string[] {
    const { step, scope } = this.get(id);
    return step.needs.filter((need) => need !== id && this.placed.get(need)?.scope === scope);
  }

  /** Everything that a step waits for, directly or through others, in its own scope. Contains the step itself only in a cycle. */
  ancestors(id: string): ReadonlySet<string> {
    const known = this.before.get(id);
    if (known) return known;
    const found = new Set<string>();
    const open = this.needs(id);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(...this.needs(next));
    }
    this.before.set(id, found);
    return found;
  }

  /** Everything that waits for a step, directly or through others, in its own scope. */
  descendants(id: string): ReadonlySet<string> {
    return this.after.get(id) ?? new Set();
  }

  /** The ids whose results a step may read: what it waits for, and what the steps around it wait for. */
  readable(id: string): Set<string> {
    const { scope } = this.get(id);
    const outside = scope.owner ? this.readable(scope.owner.id) : [];
    return new Set([...this.ancestors(id), ...outside]);
  }

  /** The ids of a scope. */
  idsOf(scope: Scope): ReadonlySet<string> {
    const known = this.inScope.get(scope) ?? new Set(scope.steps.map(({ id }) => id));
    this.inScope.set(scope, known);
    return known;
  }

  /** The scopes that a step holds. */
  scopesOf(id: string): Scope[] {
    return this.scopes.filter(({ owner }) => owner?.id === id);
  }

  private add(scope: Scope): Scope {
    this.scopes.push(scope);
    for (const [index, step] of scope.steps.entries()) {
      const path = `${scope.path}[${index}]`;
      const place = { step, scope, path };
      this.all.push(place);
      if (!this.placed.has(step.id)) this.placed.set(step.id, place);
      for (const { path: below, steps, case_name } of innerSteps(step)) {
        const loops = scope.loops + (step.for_each ? 1 : 0);
        this.add({
          ...{ path: pathOf([path, ...below]), owner: step, parent: scope, loops, depth: scope.depth + 1 },
          ...{ steps, case_name },
        });
      }
    }
    return scope;
  }
}

/** `["steps", 0, "call", "input"]` as `steps[0].call.input`. */
export function pathOf(parts: readonly PropertyKey[]): string {
  return parts.reduce<string>((path, part) => {
    if (typeof part === 'number') return `${path}[${part}]`;
    return path === '' ? String(part) : `${path}.${String(part)}`;
  }, '');
}
