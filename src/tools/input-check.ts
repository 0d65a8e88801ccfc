import type { ValidateFunction } from 'ajv';
import { ToolError } from './tool.js';

const KEPT = 200;
const REASONS_MAX = 5;

/** Checks inputs against JSON Schemas that users, services or models wrote. Compiled schemas are kept, the oldest goes first. */
export class InputCheck {
  private readonly compiled = new Map<string, ValidateFunction>();

  /** Throws {@link ToolError} that tells the model what is wrong with its input. */
  async require(name: string, schema: Record<string, unknown>, input: unknown): Promise<void> {
    const validate = await this.validatorOf(schema);
    if (validate(input)) return;
    const reasons = (validate.errors ?? [])
      .slice(0, REASONS_MAX)
      .map(({ instancePath, message, params }) =>
        [instancePath.slice(1).replaceAll('/', '.') || 'input', message, extra(params)].filter(Boolean).join(' '),
      );
    throw new ToolError(`The input of ${name} is not valid: ${reasons.join('; ')}`);
  }

  /** Why the schema cannot be used; undefined when it can. */
  async problemOf(schema: Record<string, unknown>): Promise<string | undefined> {
    try {
      await this.validatorOf(schema);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private async validatorOf(schema: Record<string, unknown>): Promise<ValidateFunction> {
    const key = JSON.stringify(schema);
    const known = this.compiled.get(key);
    if (known) return known;
    const validate = await compile(schema);
    this.compiled.set(key, validate);
    const [oldest] = this.compiled.keys();
    if (this.compiled.size > KEPT && oldest !== undefined) this.compiled.delete(oldest);
    return validate;
  }
}

/**
 * Regular expressions of a schema are shown to the model but not run here: one that explodes would stop the whole process.
 * Identifiers are left out, so that no schema can refer to another one.
 */
async function compile({ $schema: _schema, $id: _id, ...schema }: Record<string, unknown>): Promise<ValidateFunction> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const anything = Object.assign(() => ({ test: () => true }), { code: 'undefined' });
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    logger: false,
    validateFormats: false,
    code: { regExp: anything },
  });
  for (const keyword of ['pattern', 'patternProperties']) ajv.removeKeyword(keyword);
  return ajv.compile(schema);
}

function extra(params: Record<string, unknown>): string {
  const { allowedValues, additionalProperty } = params;
  if (Array.isArray(allowedValues)) return `(${allowedValues.slice(0, 20).join(', ')})`;
  return typeof additionalProperty === 'string' ? `(${additionalProperty})` : '';
}
