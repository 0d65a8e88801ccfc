import { ValidationError } from '../../../shared/domain-error.js';

export const CONTEXT_LIMIT_BYTES = 64 * 1024;
export const DEPTH_LIMIT = 10;
/** Names that objects have from birth: as keys of data they can only be meant to change what is not data. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Refuses what no context may be, known keys or not: more than 64 KB of JSON, nested over 10 levels, keys that reach for an
 * object's prototype, numbers that are none.
 * @throws ValidationError naming the field
 */
export function requireSoundShape(context: unknown, path: string): asserts context is Record<string, unknown> {
  if (!isRecord(context)) throw ValidationError.field(path, 'must be an object');
  if (Object.keys(context).length === 0)
    throw ValidationError.field(path, 'must not be empty: say at least what is to be decided');
  requireSoundValue(context, path, 1);
  const bytes = Buffer.byteLength(JSON.stringify(context));
  if (bytes > CONTEXT_LIMIT_BYTES)
    throw ValidationError.field(path, `must be at most ${CONTEXT_LIMIT_BYTES} bytes of JSON; this is ${bytes}`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
