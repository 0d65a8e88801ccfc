import type { DecisionInputsDto } from './figures.dto.js';
import { z } from 'zod';
import { ValidationError } from '../../shared/domain-error.js';
import { PARTNERS_BY_WORD } from '../partnerships/partnership.js';

export type DecisionInputs = DecisionInputsDto;

export type InputName = keyof DecisionInputs;

/** A partner that a context depends on, and the key that names or implies it. */
export interface NeededPartner {
  id: string;
  because: string;
}

/** A valid context. */
export interface DecisionContext {
  /** Its `name`, else its `business_goal`. */
  name: string | null;
  business_goal: string | null;
  inputs: DecisionInputs;
  /** Secondary inputs that the context lacks, with the assumed value. */
  assumed: Partial<Record<InputName, number>>;
  missing: InputName[];
  partners: NeededPartner[];
  alternatives: DecisionContext[];
}

interface NumberRule {
  minimum: number;
  maximum: number;
  whole?: true;
  /** Used when the context lacks the number. */
  assumed?: number;
  /** The smallest value above zero: a return on less would be meaningless. */
  least_above_zero?: number;
}

const CONTEXT_LIMIT_BYTES = 64 * 1024;
const DEPTH_LIMIT = 10;
const TEXT_LIMIT = 5_000;
const ALTERNATIVES_LIMIT = 20;
const PARTNERS_LIMIT = 50;
const PARTNER_ID_LIMIT = 100;
/** Longer paths are truncated, because their keys come from the caller. */
const PATH_LIMIT = 200;
const NAMED_FIELDS_LIMIT = 50;
/** Keys that could reach the prototype of an object. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Enough for any currency, and small enough that every figure computed from two of them is finite. */
const MONEY_LIMIT = 1e15;
const MONEY = { minimum: 0, maximum: MONEY_LIMIT, least_above_zero: 0.01 };
const IMPACT = { minimum: -MONEY_LIMIT, maximum: MONEY_LIMIT };
const SCALE = { minimum: 0, maximum: 10 };

const NUMBERS: Readonly<Record<InputName, NumberRule>> = {
  revenue_impact: IMPACT,
  customer_impact: IMPACT,
  operational_impact: IMPACT,
  estimated_cost: MONEY,
  expected_revenue: MONEY,
  budget: MONEY,
  estimated_days: { minimum: 1, maximum: 3_650, whole: true, assumed: 30 },
  team_members: { minimum: 1, maximum: 10_000, whole: true, assumed: 3 },
  complexity_score: { ...SCALE, assumed: 5 },
  technical_complexity: { ...SCALE, assumed: 3 },
  market_uncertainty: { ...SCALE, assumed: 2 },
  resource_availability: { ...SCALE, assumed: 8 },
  timeline_pressure: { ...SCALE, assumed: 4 },
};
const NUMBER_NAMES = Object.keys(NUMBERS) as InputName[];
const REQUIRED = ['estimated_cost', 'expected_revenue'] as const satisfies InputName[];

/** `affects_brand: true` names the partnership for brand: the initial one for that word, else the one with the word as its id. */
const AFFECTS = 'affects_';

const text = z.string('must be a string').max(TEXT_LIMIT, `must be at most ${TEXT_LIMIT} characters`).nullish();
const flag = z.boolean('must be true or false').nullish();
const partnerId = z.string().min(1).max(PARTNER_ID_LIMIT);
const partnerError = `must be a string of 1 to ${PARTNER_ID_LIMIT} characters`;

function numberSchema({ minimum, maximum, whole, least_above_zero = 0 }: NumberRule) {
  const between = `must be between ${minimum} and ${maximum}`;
  const number = z.number('must be a number').min(minimum, between).max(maximum, between);
  return (whole ? number.int('must be a whole number') : number)
    .refine((value) => value <= 0 || value >= least_above_zero, `must be 0 or at least ${least_above_zero}`)
    .nullish();
}

/** A null known key counts as absent. Unknown keys are kept for the model. */
const contextSchema = z.looseObject({
  name: text,
  business_goal: text,
  timeframe: text,
  description: text,
  ...(Object.fromEntries(NUMBER_NAMES.map((name) => [name, numberSchema(NUMBERS[name])])) as Record<
    InputName,
    ReturnType<typeof numberSchema>
  >),
  partnerships: z
    .array(
      z.unknown().refine((id) => partnerId.safeParse(id).success, partnerError),
      'must be a list of ids of partnerships',
    )
    .nullish(),
});
const affectsSchema = z.record(z.string(), flag);

type Given = Record<string, unknown>;
type Faults = Map<string, string>;

/**
 * Validates a context.
 * @throws ValidationError whose details name every invalid field
 */
export function parseContext(given: unknown): DecisionContext {
  requireSoundShape(given, 'context');
  const faults: Faults = new Map();
  const context = { ...readContext(given, 'context', faults), alternatives: readAlternatives(given, faults) };
  if (faults.size > 0) throw faultsError(faults);
  return context;
}

/** The result is meaningless when `faults` has entries. */
function readContext(given: Given, path: string, faults: Faults): Omit<DecisionContext, 'alternatives'> {
  const affected = Object.fromEntries(Object.entries(given).filter(([key]) => key.startsWith(AFFECTS)));
  for (const result of [contextSchema.safeParse(given), affectsSchema.safeParse(affected)])
    for (const issue of result.error?.issues ?? []) addFault(faults, pathOf(path, issue.path), issue.message);
  const known = given as z.infer<typeof contextSchema>;
  const values = Object.fromEntries(
    NUMBER_NAMES.map((name) => [name, known[name] ?? NUMBERS[name].assumed ?? null]),
  ) as Record<InputName, number | null>;
  const partners = neededPartners(known, affected);
  if (partners.length > PARTNERS_LIMIT) addFault(faults, path, `must not need more than ${PARTNERS_LIMIT} partners`);
  return {
    name: textOf(given['name']) ?? textOf(given['business_goal']),
    business_goal: textOf(given['business_goal']),
    inputs: {
      ...(values as DecisionInputs),
      revenue_impact: values.revenue_impact ?? 0,
      customer_impact: values.customer_impact ?? 0,
      operational_impact: values.operational_impact ?? 0,
    },
    assumed: Object.fromEntries(
      NUMBER_NAMES.flatMap((name) => {
        const { assumed } = NUMBERS[name];
        return assumed === undefined || (known[name] ?? null) !== null ? [] : [[name, assumed]];
      }),
    ),
    missing: REQUIRED.filter((name) => values[name] === null),
    partners,
  };
}

/** The named partners and those of each affected field, without repetition. */
function neededPartners({ partnerships }: { partnerships?: unknown }, affected: Given): NeededPartner[] {
  const needed = new Map<string, NeededPartner>();
  const add = (id: string, because: string): unknown => needed.has(id) || needed.set(id, { id, because });
  for (const id of Array.isArray(partnerships) ? partnerships : [])
    if (partnerId.safeParse(id).success) add(id as string, 'partnerships');
  for (const [key, value] of Object.entries(affected)) {
    const field = key.slice(AFFECTS.length);
    if (value === true) add(PARTNERS_BY_WORD.get(field) ?? field, key);
  }
  return [...needed.values()];
}

function readAlternatives(given: Given, faults: Faults): DecisionContext[] {
  const alternatives = given['alternatives'] ?? [];
  const path = 'context.alternatives';
  if (!Array.isArray(alternatives)) {
    addFault(faults, path, 'must be a list of contexts');
    return [];
  }
  if (alternatives.length > ALTERNATIVES_LIMIT) {
    addFault(faults, path, `must be at most ${ALTERNATIVES_LIMIT}, not ${alternatives.length}`);
    return [];
  }
  return alternatives.flatMap((one: unknown, index) => {
    const own = `${path}[${index}]`;
    if (!isRecord(one) || Object.keys(one).length === 0) addFault(faults, own, 'must be a context, not empty');
    else if (one['alternatives'] != null)
      addFault(faults, `${own}.alternatives`, 'is not allowed: an alternative cannot have alternatives');
    else return [{ ...readContext(one, own, faults), alternatives: [] }];
    return [];
  });
}

/** The first reason for each field is reported. */
function addFault(faults: Faults, path: string, reason: string): void {
  const field = path.length > PATH_LIMIT ? `${path.slice(0, PATH_LIMIT)}…` : path;
  if (faults.size < NAMED_FIELDS_LIMIT && !faults.has(field)) faults.set(field, reason);
}

function faultsError(faults: Faults): ValidationError {
  const [[field, reason] = ['context', 'is not valid']] = faults;
  const message =
    faults.size === 1 ? `${field} ${reason}` : `The request is not valid: ${[...faults.keys()].join(', ')}`;
  const fields = Object.fromEntries([...faults].map(([name, one]) => [name, [one]]));
  return new ValidationError(message, { details: { fields } });
}

/** `context`, ['partnerships', 0] → `context.partnerships[0]` */
function pathOf(path: string, keys: readonly PropertyKey[]): string {
  return keys.reduce<string>((all, key) => all + (typeof key === 'number' ? `[${key}]` : `.${String(key)}`), path);
}

/**
 * Bounds a context whatever its keys: at most 64 KB of JSON and 10 levels, finite numbers, no key that reaches a prototype.
 * @throws ValidationError naming the field
 */
function requireSoundShape(context: unknown, path: string): asserts context is Given {
  if (!isRecord(context)) throw ValidationError.field(path, 'must be an object');
  if (Object.keys(context).length === 0)
    throw ValidationError.field(path, 'must not be empty: state at least what to decide');
  requireSoundValue(context, path, 1);
  const bytes = Buffer.byteLength(JSON.stringify(context));
  if (bytes > CONTEXT_LIMIT_BYTES)
    throw ValidationError.field(path, `must be at most ${CONTEXT_LIMIT_BYTES} bytes of JSON, not ${bytes}`);
}

function requireSoundValue(value: unknown, path: string, depth: number): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw ValidationError.field(path, 'must be a finite number');
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEPTH_LIMIT) throw ValidationError.field(path, `must not be nested more than ${DEPTH_LIMIT} levels deep`);
  if (Array.isArray(value)) {
    value.forEach((element, index) => requireSoundValue(element, `${path}[${index}]`, depth + 1));
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.has(key)) throw ValidationError.field(`${path}.${key}`, 'is not allowed as a key');
    requireSoundValue(inner, `${path}.${key.slice(0, 100)}`, depth + 1);
  }
}

function isRecord(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}
