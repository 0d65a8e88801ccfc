import { portableSchema } from '../../models/structured-generation.js';
import type { DocumentTask } from '../step/document-task.js';
import type { Step } from '../step/step.js';
import { JUDGE_TASK } from './agent-deployer/prompt.js';
import * as STEPS from './steps.js';

const TASKS: DocumentTask<unknown>[] = Object.values<Step>(STEPS).flatMap(({ prompt }) => prompt ?? []);
/** Keywords that strict JSON modes accept: https://platform.openai.com/docs/guides/structured-outputs, section on supported schemas. */
const ACCEPTED = new Set([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'const',
  'anyOf',
  'description',
]);
const SYSTEM_LIMIT_CHARACTERS = 12_000;

/** Every schema inside a schema, without the names of its properties. */
function schemasIn(schema: unknown): Record<string, unknown>[] {
  if (Array.isArray(schema)) return schema.flatMap(schemasIn);
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties = {}, ...rest } = schema as Record<string, unknown>;
  const inner = [...(Object.values(properties as object) as unknown[]), ...Object.values(rest)];
  return [schema as Record<string, unknown>, ...inner.flatMap(schemasIn)];
}

describe.each([...TASKS, JUDGE_TASK].map((task) => [task.name, task] as const))('the prompt of %s', (_, task) => {
  it('uses a schema that strict JSON modes accept', () => {
    const schemas = schemasIn(portableSchema(task.schema));
    const keywords = new Set(schemas.flatMap((schema) => Object.keys(schema)));
    expect([...keywords].filter((keyword) => !ACCEPTED.has(keyword))).toEqual([]);
    for (const schema of schemas.filter(({ type }) => type === 'object'))
      expect([schema['additionalProperties'], schema['required']]).toEqual([
        false,
        Object.keys(schema['properties'] as object),
      ]);
  });

  it('has a version and a bounded size', () => {
    expect(task.version).toMatch(/^[a-z-]+-\d+(?:\.\d+)?$/);
    expect(task.system.length + task.instructions.length).toBeLessThan(SYSTEM_LIMIT_CHARACTERS);
  });
});

it.each(TASKS.map((task) => [task.name, task] as const))('%s shows an example that fits its own schema', (_, task) => {
  expect(task.schema.parse(task.example)).toEqual(task.example);
  expect(task.system).toContain(JSON.stringify(task.example));
});
