import { toUSVString } from 'node:util';
import { ValidationError } from '../../shared/domain-error.js';

/** A table's items nest 32 levels at most; what stands around a body's field takes some of them. */
const DEEPEST = 20;
/** Keys that reach an object's prototype in a careless merge; no data needs them. */
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);
/** The database's client refuses larger numbers, and JavaScript rounds integers beyond it. */
const LARGEST = Number.MAX_SAFE_INTEGER;
/** The smallest magnitude that a table holds. */
const SMALLEST = 1e-130;

const PACKED = 'nexus:packed';

/** The field is stored as compressed text: its numbers and its depth need not fit a table. */
export const Packed = (): PropertyDecorator => Reflect.metadata(PACKED, true);

export function isPacked(dto: { prototype: object }, field: string): boolean {
  return Reflect.hasMetadata(PACKED, dto.prototype, field);
}

/**
 * A JSON body as it can be stored: a field that is null is a field that is not there, and half of a surrogate pair, which no
 * encoding of Unicode has, becomes U+FFFD. What is nested into a field is the caller's own and keeps its nulls.
 * @param packed fields that are stored as text
 * @throws ValidationError naming the field that nests more than 20 levels, has a key like `__proto__`, or holds a number that
 * no table can.
 */
export function storableBody(body: unknown, packed: ReadonlySet<string> = new Set()): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  refusePolluting('body', body);
  const given = Object.entries(body).filter(([, value]) => value !== null);
  return Object.fromEntries(given.map(([field, value]) => [field, storable(field, value, 1, packed.has(field))]));
}

function storable(field: string, value: unknown, depth: number, isText: boolean): unknown {
  if (typeof value === 'string') return toUSVString(value);
  if (typeof value === 'number') return isText ? value : storableNumber(field, value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST && !isText)
    throw ValidationError.field(field, `must not be nested more than ${DEEPEST} levels deep`);
  if (Array.isArray(value)) return value.map((element) => storable(field, element, depth + 1, isText));
  refusePolluting(field, value);
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, inner]) => [toUSVString(key), storable(field, inner, depth + 1, isText)]),
  );
}

function refusePolluting(field: string, value: object): void {
  for (const key of Object.keys(value))
    if (POLLUTING.has(key)) throw ValidationError.field(field, `must not have a key named "${key}"`);
}

function storableNumber(field: string, value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude > LARGEST || (magnitude > 0 && magnitude < SMALLEST))
    throw ValidationError.field(
      field,
      `must not hold a number beyond ±${LARGEST}, or one closer to 0 than ${SMALLEST}; send it as text`,
    );
  return value;
}
