import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';
import type { JsonSchema } from './operation.js';

export interface SchemaFault {
  pointer: string;
  message: string;
}

const FAULTS_MAX = 20;
const KEPT = 200;
const COMBINING = new Set(['anyOf', 'oneOf', 'if']);

type Validate = ((value: unknown) => unknown) & { errors?: ErrorObject[] | null };

/** Compiled schemas by their text; the longest unused goes first. */
const compiled = new LRUCache<string, Validate>({ max: KEPT });

/**
 * What is wrong with a value by a foreign schema that stands alone, at most 20 faults. Regular expressions and formats are not
 * checked: an expression may take for ever. Runs in a worker process that can be killed.
 */
export function schemaFaults(schema: JsonSchema, value: unknown): SchemaFault[] {
  const text = JSON.stringify(schema);
  const validate = compiled.get(text) ?? compile(schema);
  compiled.set(text, validate);
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  // The validator would hold on to the value until the next one.
  validate.errors = null;
  const exact = errors.filter(({ keyword }) => !COMBINING.has(keyword));
  const all = (exact.length > 0 ? exact : errors).map(({ instancePath, message = 'does not fit', params }) => ({
    pointer: instancePath,
    message: `${message}${extra(params as Record<string, unknown>)}`,
  }));
  const unique = new Map(all.map((one) => [`${one.pointer} ${one.message}`, one]));
  return [...unique.values()].slice(0, FAULTS_MAX);
}

function compile(schema: JsonSchema): Validate {
  const anything = Object.assign(() => ({ test: () => true }), { code: 'undefined' });
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    logger: false,
    validateFormats: false,
    validateSchema: false,
    inlineRefs: false,
    code: { regExp: anything },
  });
  for (const keyword of ['pattern', 'patternProperties']) ajv.removeKeyword(keyword);
  return ajv.compile(schema) as Validate;
}

function extra({ allowedValues, additionalProperty }: Record<string, unknown>): string {
  if (Array.isArray(allowedValues)) return ` (${allowedValues.slice(0, 20).join(', ')})`;
  return typeof additionalProperty === 'string' ? ` (${additionalProperty.slice(0, 100)})` : '';
}
