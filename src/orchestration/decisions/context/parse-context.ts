import { isRecord, requireSoundShape } from './context-shape.js';
import type { DecisionContext, DecisionInputs, InputName } from './decision-context.js';
import { FieldFaults } from './field-faults.js';
import { ALTERNATIVES_LIMIT, NUMBERS, type NumberRule, REQUIRED, TEXT_LIMIT, TEXTS } from './known-keys.js';
import { neededPartners } from './needed-partners.js';

type Given = Record<string, unknown>;

/**
 * Checks a context as it came. Keys that the rules do not know are no fault; a known key that is null is not given.
 * @throws ValidationError naming every field that is not valid
 */
export function parseContext(given: unknown): DecisionContext {
  requireSoundShape(given, 'context');
  const faults = new FieldFaults();
  const context = { ...readContext(given, 'context', faults), alternatives: readAlternatives(given, faults) };
  faults.throwIfAny();
  return context;
}

function readContext(given: Given, path: string, faults: FieldFaults): Omit<DecisionContext, 'alternatives'> {
  for (const key of TEXTS) checkText(given[key], `${path}.${key}`, faults);
  const assumed: DecisionContext['assumed'] = {};
  const read = (name: InputName): number | null => {
    const rule = NUMBERS[name];
    const value = given[name] ?? null;
    if (value !== null) return checkNumber(value, rule, `${path}.${name}`, faults);
    if (rule.assumed === undefined) return null;
    assumed[name] = rule.assumed;
    return rule.assumed;
  };
  const names = Object.keys(NUMBERS) as InputName[];
  const values = Object.fromEntries(names.map((name) => [name, read(name)])) as Record<InputName, number | null>;
  return {
    name: textOf(given['name']) ?? textOf(given['business_goal']),
    business_goal: textOf(given['business_goal']),
    inputs: withoutImpactIsNone(values),
    assumed,
    missing: REQUIRED.filter((name) => values[name] === null),
    partners: neededPartners(given, path, faults),
  };
}

function withoutImpactIsNone(values: Record<InputName, number | null>): DecisionInputs {
  const { revenue_impact, customer_impact, operational_impact } = values;
  return {
    ...(values as DecisionInputs),
    revenue_impact: revenue_impact ?? 0,
    customer_impact: customer_impact ?? 0,
    operational_impact: operational_impact ?? 0,
  };
}

function readAlternatives(given: Given, faults: FieldFaults): DecisionContext[] {
  const alternatives = given['alternatives'] ?? [];
  const path = 'context.alternatives';
  if (!Array.isArray(alternatives)) {
    faults.add(path, 'must be a list of contexts');
    return [];
  }
  if (alternatives.length > ALTERNATIVES_LIMIT) {
    faults.add(path, `must be at most ${ALTERNATIVES_LIMIT}; these are ${alternatives.length}`);
    return [];
  }
  return alternatives.flatMap((one: unknown, index) => {
    const own = `${path}[${index}]`;
    if (!isRecord(one) || Object.keys(one).length === 0) faults.add(own, 'must be a context of its own, not empty');
    else if (one['alternatives'] != null)
      faults.add(`${own}.alternatives`, 'must not be: an alternative has none of its own');
    else return [{ ...readContext(one, own, faults), alternatives: [] }];
    return [];
  });
}

/** @returns a number within the bounds, also when it was at fault: then nothing is made of it. */
function checkNumber(value: unknown, rule: NumberRule, path: string, faults: FieldFaults): number {
  const { minimum, maximum, whole, least_above_zero = 0 } = rule;
  if (typeof value !== 'number' || !Number.isFinite(value)) faults.add(path, 'must be a number');
  else if (value < minimum || value > maximum) faults.add(path, `must be between ${minimum} and ${maximum}`);
  else if (whole && !Number.isInteger(value)) faults.add(path, 'must be a whole number');
  else if (value > 0 && value < least_above_zero) faults.add(path, `must be 0 or at least ${least_above_zero}`);
  else return value;
  return minimum;
}

function checkText(value: unknown, path: string, faults: FieldFaults): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'string') faults.add(path, 'must be a text');
  else if (value.length > TEXT_LIMIT) faults.add(path, `must be at most ${TEXT_LIMIT} characters`);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}
