import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';
import { expandedSize } from './expanded-size.js';

const KEPT = 200;
const REASON_MAX_CHARACTERS = 300;
/** Values and levels of one schema. */
const SCHEMA_MAX_VALUES = 20_000;
const SCHEMA_MAX_DEPTH = 64;

/** Compiled schemas by their text; the longest unused goes first. */
const compiled = new LRUCache<string, ValidateFunction>({ max: KEPT });

/** The first thing that is wrong with an input by a foreign JSON Schema. Runs in a process that can be killed. */
export function inputProblem(schema: string, input: unknown): string | undefined {
  try {
    const validate = validatorOf(schema);
    if (validate(input)) return undefined;
    const reasons = (validate.errors ?? []).slice(0, 1).map(({ instancePath, message, params }) => {
      const place = instancePath.slice(1).replaceAll('/', '.') || 'input';
      return [place, message, extra(params)].filter(Boolean).join(' ');
    });
    // The validator would hold on to the input until the next one.
    validate.errors = null;
    return reasons.join('; ').slice(0, REASON_MAX_CHARACTERS);
  } catch (error) {
    return reasonOf(error);
  }
}

/** Why a foreign JSON Schema cannot be used; undefined when it can. Also tries it once, which shows endless references. */
export function schemaProblem(schema: string): string | undefined {
  try {
    validatorOf(schema)({});
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function validatorOf(schema: string): ValidateFunction {
  const known = compiled.get(schema);
  if (known) return known;
  const validate = compile(JSON.parse(schema) as Record<string, unknown>);
  compiled.set(schema, validate);
  return validate;
}

/**
 * Regular expressions of a schema are shown to the model but not run here: one that explodes would cost the process.
 * Identifiers are left out, so that no schema can refer to another one.
 */
function compile({ $schema: _schema, $id: _id, ...schema }: Record<string, unknown>): ValidateFunction {
  if (expandedSize(schema, SCHEMA_MAX_VALUES, SCHEMA_MAX_DEPTH) > SCHEMA_MAX_VALUES)
    throw new Error(`it has more than ${SCHEMA_MAX_VALUES} values or ${SCHEMA_MAX_DEPTH} levels`);
  const anything = Object.assign(() => ({ test: () => true }), { code: 'undefined' });
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    logger: false,
    validateFormats: false,
    // A schema of many references must not multiply into one function.
    inlineRefs: false,
    code: { regExp: anything },
  });
  for (const keyword of ['pattern', 'patternProperties']) ajv.removeKeyword(keyword);
  return ajv.compile(schema);
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'its references form an endless cycle';
  return (error instanceof Error ? error.message : String(error)).slice(0, REASON_MAX_CHARACTERS);
}

function extra(params: Record<string, unknown>): string {
  const { allowedValues, additionalProperty } = params;
  if (Array.isArray(allowedValues)) return `(${allowedValues.slice(0, 20).join(', ')})`;
  return typeof additionalProperty === 'string' ? `(${additionalProperty})` : '';
}
