import type { JSONSchema7 } from '@ai-sdk/provider';
import { z } from 'zod';

type Node = Record<string, unknown>;

/** Keywords that strict JSON modes of providers refuse, with what they say in words. */
const IN_WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  minLength: (value) => `at least ${String(value)} characters`,
  maxLength: (value) => `at most ${String(value)} characters`,
  pattern: (value) => `matches ${String(value)}`,
  format: (value) => `format ${String(value)}`,
  minimum: (value) => `at least ${String(value)}`,
  maximum: (value) => `at most ${String(value)}`,
  exclusiveMinimum: (value) => `more than ${String(value)}`,
  exclusiveMaximum: (value) => `less than ${String(value)}`,
  minItems: (value) => `at least ${String(value)} items`,
  maxItems: (value) => `at most ${String(value)} items`,
};
const DROPPED: ReadonlySet<string> = new Set(['$schema', 'default']);
/** The bounds of a safe integer say nothing to a model. */
const isNoBound = (value: unknown): boolean => Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;

/**
 * The JSON Schema that a provider gets: objects are closed and name all their properties as required, as strict modes
 * want it; bounds stand in the descriptions. The answer is checked against the zod schema itself.
 */
export function portableSchema(schema: z.ZodType): JSONSchema7 {
  return portable(z.toJSONSchema(schema, { target: 'draft-7', io: 'input' })) as JSONSchema7;
}

function portable(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(portable);
  if (typeof node !== 'object' || node === null) return node;
  const words: string[] = [];
  const kept: Node = {};
  for (const [key, value] of Object.entries(node)) {
    const say = IN_WORDS[key];
    if (DROPPED.has(key)) continue;
    if (say === undefined) kept[key] = key === 'properties' ? portableProperties(value as Node) : portable(value);
    else if (!isNoBound(value)) words.push(say(value));
  }
  if (words.length > 0) kept['description'] = described(kept['description'], words);
  if (kept['type'] === 'object' && kept['properties'])
    Object.assign(kept, { additionalProperties: false, required: Object.keys(kept['properties']) });
  return kept;
}

function described(description: unknown, words: readonly string[]): string {
  return typeof description === 'string' ? `${description}; ${words.join(', ')}` : words.join(', ');
}

/** Names of properties are no keywords. */
function portableProperties(properties: Node): Node {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, portable(value)]));
}
