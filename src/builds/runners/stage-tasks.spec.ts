import { portableSchema } from '../../models/structured-schema.js';
import { PACKAGE_TASK } from './agent-code-developer/agent-code-developer.prompt.js';
import { JUDGE_TASK } from './agent-deployer/acceptance-judge.prompt.js';
import { DESIGN_TASK } from './agent-design/agent-design.prompt.js';
import type { DocumentTask } from './document-writer.js';
import { PLAN_TASK } from './orchestrator/orchestrator.prompt.js';
import { PROMPT_TASK } from './prompt-engineer/prompt-engineer.prompt.js';
import { REQUIREMENTS_TASK } from './requirements-analysis/requirements-analysis.prompt.js';
import { ARCHITECTURE_TASK } from './system-architecture/system-architecture.prompt.js';
import { TOOL_NOTES_TASK } from './tool-developer/tool-developer.prompt.js';

const TASKS: DocumentTask<unknown>[] = [
  PLAN_TASK,
  REQUIREMENTS_TASK,
  ARCHITECTURE_TASK,
  DESIGN_TASK,
  TOOL_NOTES_TASK,
  PROMPT_TASK,
  PACKAGE_TASK,
];
/** What strict JSON modes take: https://platform.openai.com/docs/guides/structured-outputs, section on supported schemas. */
const TAKEN = new Set([
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
  it('asks by a schema that strict JSON modes take', () => {
    const schemas = schemasIn(portableSchema(task.schema));
    const keywords = new Set(schemas.flatMap((schema) => Object.keys(schema)));
    expect([...keywords].filter((keyword) => !TAKEN.has(keyword))).toEqual([]);
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
