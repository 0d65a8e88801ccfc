import { type Catalogue, inputSchemaOf, type JsonSchema, type Operation, successOf } from './operation.js';
import { deref } from './pagination.js';

const CHANGES_MAX = 1_000;
const DEPTH_MAX = 12;

/** One difference between two versions of an API. */
export interface Change {
  breaking: boolean;
  /** What changed, e.g. `operation-removed` or `enum-narrowed`. */
  change: string;
  operation_id: string;
  name: string;
  method: string;
  path: string;
  /** `input` or `output` and the dotted path below it; empty for the operation itself. */
  place: string;
  message: string;
}

export interface Diff {
  breaking_count: number;
  changes: Change[];
  /** False when there are more than 1,000 changes. */
  complete: boolean;
}

/** What callers of `before` meet in `after`, by operation. */
export function compare(before: Catalogue, after: Catalogue): Diff {
  const changes: Change[] = [];
  const later = new Map(after.operations.map((one) => [one.operation_id, one]));
  for (const operation of before.operations) {
    const now = later.get(operation.operation_id);
    if (now) new Comparison(before, after, operation, changes).run(now);
    else changes.push(changeOf(operation, true, 'operation-removed', '', 'The operation was removed.'));
  }
  const earlier = new Set(before.operations.map(({ operation_id }) => operation_id));
  for (const operation of after.operations)
    if (!earlier.has(operation.operation_id))
      changes.push(changeOf(operation, false, 'operation-added', '', 'The operation was added.'));
  const sorted = changes.toSorted((a, b) => Number(b.breaking) - Number(a.breaking));
  return {
    breaking_count: changes.filter(({ breaking }) => breaking).length,
    changes: sorted.slice(0, CHANGES_MAX),
    complete: changes.length <= CHANGES_MAX,
  };
}

function changeOf(
  { operation_id, name, method, path }: Operation,
  breaking: boolean,
  change: string,
  place: string,
  message: string,
): Change {
  return { breaking, change, operation_id, name, method, path, place, message };
}

type Direction = 'input' | 'output';

/** One operation in two versions. */
class Comparison {
  private readonly seen = new Set<string>();

  constructor(
    private readonly before: Catalogue,
    private readonly after: Catalogue,
    private readonly operation: Operation,
    private readonly changes: Change[],
  ) {}

  run(now: Operation): void {
    const was = this.operation;
    if (now.deprecated && !was.deprecated) this.add(false, 'deprecated', '', 'The operation is deprecated.');
    if (now.pagination.kind !== was.pagination.kind)
      this.add(
        true,
        'pagination-changed',
        '',
        `The pagination changed from ${was.pagination.kind} to ${now.pagination.kind}.`,
      );
    const [needs, needed] = [now, was].map(({ auth }) => auth.length > 0 && auth.every((group) => group.length > 0));
    if (needs && !needed) this.add(true, 'authentication-required', '', 'Authentication is required.');
    this.compare('input', '', inputSchemaOf(was), inputSchemaOf(now), 0);
    const [old, fresh] = [successOf(was), successOf(now)];
    if (old && fresh && old.status !== fresh.status)
      this.add(true, 'status-changed', '', `The success status changed from ${old.status} to ${fresh.status}.`);
    if (old?.schema && !fresh?.schema) this.add(true, 'output-removed', 'output', 'The response has no schema.');
    else if (old?.schema && fresh?.schema) this.compare('output', '', old.schema, fresh.schema, 0);
  }

  private add(breaking: boolean, change: string, place: string, message: string): void {
    this.changes.push(changeOf(this.operation, breaking, change, place, message));
  }

  private compare(side: Direction, place: string, was: unknown, now: unknown, depth: number): void {
    const pair = `${side} ${referenceOf(was)} ${referenceOf(now)}`;
    if (depth > DEPTH_MAX || (pair.includes('#') && this.seen.has(pair))) return;
    this.seen.add(pair);
    const [old, fresh] = [resolved(was, this.before.schemas), resolved(now, this.after.schemas)];
    const at = place === '' ? side : `${side}.${place}`;
    this.choices(side, place, old, fresh, depth);
    this.types(side, at, old, fresh);
    this.enums(side, at, old, fresh);
    if (side === 'input') this.limits(at, old, fresh);
    this.properties(side, place, old, fresh, depth);
    if (old['items'] !== undefined && fresh['items'] !== undefined)
      this.compare(side, place === '' ? '[]' : `${place}[]`, old['items'], fresh['items'], depth + 1);
  }

  /** Choices are the same when they refer to the same schema; inline ones have no name, so their text identifies them. */
  private choices(side: Direction, place: string, old: JsonSchema, fresh: JsonSchema, depth: number): void {
    const [was, now] = [choicesOf(old), choicesOf(fresh)];
    if (was.size === 0 || now.size === 0) return;
    const at = place === '' ? side : `${side}.${place}`;
    for (const [key, choice] of was) if (now.has(key)) this.compare(side, place, choice, now.get(key), depth + 1);
    const [gone, more] = [
      [...was.keys()].filter((key) => !now.has(key)),
      [...now.keys()].filter((key) => !was.has(key)),
    ];
    if (gone.length > 0)
      this.add(side === 'input', 'choice-removed', at, `${gone.length} of ${was.size} choices were removed.`);
    if (more.length > 0) this.add(false, 'choice-added', at, `${more.length} choices were added.`);
  }

  private types(side: Direction, at: string, old: JsonSchema, fresh: JsonSchema): void {
    const [was, now] = [typesOf(old), typesOf(fresh)];
    if (was.size === 0 || now.size === 0) return;
    const fits = (from: ReadonlySet<string>, to: ReadonlySet<string>) =>
      [...from].every((type) => to.has(type) || (type === 'integer' && to.has('number')));
    if (fits(was, now) && fits(now, was)) return;
    // Callers may send what was allowed; they must understand what may come.
    const isSafe = side === 'input' ? fits(was, now) : fits(now, was);
    this.add(
      !isSafe,
      'type-changed',
      at,
      `The type changed from ${[...was].join(' or ')} to ${[...now].join(' or ')}.`,
    );
  }

  private enums(side: Direction, at: string, old: JsonSchema, fresh: JsonSchema): void {
    const [was, now] = [old['enum'], fresh['enum']].map((list) =>
      Array.isArray(list) ? new Set(list.map(String)) : undefined,
    );
    if (!now && !was) return;
    if (side === 'input') {
      const gone = was && now ? [...was].filter((value) => !now.has(value)) : [];
      if (now && (!was || gone.length > 0))
        this.add(
          true,
          'enum-narrowed',
          at,
          was ? `No longer accepted: ${gone.slice(0, 10).join(', ')}.` : 'Only certain values are accepted.',
        );
      else if (was) this.add(false, 'enum-widened', at, 'More values are accepted.');
      return;
    }
    const more = was && now ? [...now].filter((value) => !was.has(value)) : [];
    if (more.length > 0) this.add(false, 'enum-widened', at, `May also be: ${more.slice(0, 10).join(', ')}.`);
  }

  private limits(at: string, old: JsonSchema, fresh: JsonSchema): void {
    for (const [name, sign] of [
      ['maximum', -1],
      ['maxLength', -1],
      ['maxItems', -1],
      ['minimum', 1],
      ['minLength', 1],
      ['minItems', 1],
    ] as const) {
      const [was, now] = [old[name], fresh[name]];
      if (typeof now !== 'number') continue;
      if (typeof was !== 'number' || (now - was) * sign > 0)
        this.add(
          true,
          'limit-narrowed',
          at,
          `${name} is ${now}${typeof was === 'number' ? `, previously ${was}` : ''}.`,
        );
    }
  }

  private properties(side: Direction, place: string, old: JsonSchema, fresh: JsonSchema, depth: number): void {
    const [was, now] = [old, fresh].map((schema) => (schema['properties'] ?? {}) as JsonSchema) as [
      JsonSchema,
      JsonSchema,
    ];
    const [needed, needs] = [old, fresh].map(
      (schema) => new Set(Array.isArray(schema['required']) ? (schema['required'] as string[]) : []),
    ) as [Set<string>, Set<string>];
    const pathOf = (name: string): string => (place === '' ? name : `${place}.${name}`);
    for (const [name, schema] of Object.entries(was)) {
      const at = `${side}.${pathOf(name)}`;
      if (!Object.hasOwn(now, name)) {
        const isOpen = side === 'input' && fresh['additionalProperties'] !== false;
        this.add(!isOpen, side === 'input' ? 'input-removed' : 'output-field-removed', at, 'The field was removed.');
        continue;
      }
      if (side === 'input' && needs.has(name) && !needed.has(name))
        this.add(true, 'input-became-required', at, 'The field is required.');
      if (side === 'output' && needed.has(name) && !needs.has(name))
        this.add(true, 'output-became-optional', at, 'The field may be missing.');
      this.compare(side, pathOf(name), schema, now[name], depth + 1);
    }
    for (const name of Object.keys(now)) {
      if (Object.hasOwn(was, name)) continue;
      const at = `${side}.${pathOf(name)}`;
      if (side === 'output') this.add(false, 'output-field-added', at, 'The field was added.');
      else if (needs.has(name)) this.add(true, 'required-input-added', at, 'A required field was added.');
      else this.add(false, 'optional-input-added', at, 'An optional field was added.');
    }
  }
}

const typesOf = (schema: JsonSchema): Set<string> =>
  new Set([schema['type']].flat().filter((type) => typeof type === 'string'));

function referenceOf(schema: unknown): string {
  if (typeof schema !== 'object' || schema === null) return '';
  const { $ref } = schema as JsonSchema;
  return typeof $ref === 'string' ? $ref : referenceOf(onlyChoice(schema as JsonSchema));
}

/** Of a choice between one schema and null: that schema. */
function onlyChoice({ anyOf, oneOf }: JsonSchema): JsonSchema | undefined {
  const options = [anyOf ?? oneOf ?? []].flat() as (JsonSchema | null)[];
  const others = options.filter((one) => one?.['type'] !== 'null');
  return others.length === 1 && others[0] ? others[0] : undefined;
}

/** The schema behind references, with null among its types where a choice adds it. */
function resolved(schema: unknown, schemas: Record<string, JsonSchema>, depth = 0): JsonSchema {
  const found = deref(schema, schemas);
  const only = depth < DEPTH_MAX ? onlyChoice(found) : undefined;
  if (!only) return found;
  const inner = resolved(only, schemas, depth + 1);
  const isNullable = ((found['anyOf'] ?? found['oneOf']) as unknown[]).length > 1;
  return isNullable && inner['type'] !== undefined ? { ...inner, type: [inner['type'], 'null'].flat() } : inner;
}

/** Of several choices: each by what names it. */
function choicesOf({ anyOf, oneOf }: JsonSchema): Map<string, unknown> {
  const options = [anyOf ?? oneOf ?? []].flat() as unknown[];
  return new Map(options.map((one) => [referenceOf(one) || JSON.stringify(one), one]));
}
