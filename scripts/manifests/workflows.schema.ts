type Schema = Record<string, unknown>;

const text: Schema = { type: 'string', minLength: 1 };
const texts: Schema = { type: 'object', additionalProperties: { type: 'string' }, minProperties: 1 };
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const permissions: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    ['contents', 'packages', 'id-token', 'security-events', 'actions'].map((name) => [
      name,
      { enum: ['read', 'write'] },
    ]),
  ),
};
const branches = object({ branches: { type: 'array', items: text }, tags: { type: 'array', items: text } });
const step: Schema = {
  ...object({
    name: text,
    id: text,
    if: text,
    uses: { type: 'string', pattern: '^[\\w.-]+/[\\w./-]+@[0-9a-f]{40}$' },
    with: { type: 'object', additionalProperties: { type: ['string', 'boolean', 'number'] } },
    run: text,
    env: texts,
  }),
  oneOf: [{ required: ['uses'] }, { required: ['run'] }],
};
const job = object(
  {
    name: text,
    needs: { anyOf: [text, { type: 'array', items: text }] },
    'runs-on': { enum: ['ubuntu-latest'] },
    'timeout-minutes': { type: 'integer', minimum: 1 },
    permissions,
    strategy: object({ 'fail-fast': { type: 'boolean' }, matrix: { type: 'object' } }, ['matrix']),
    steps: { type: 'array', items: step, minItems: 1 },
  },
  ['runs-on', 'timeout-minutes', 'steps'],
);

/** The part of the schema of GitHub's workflows that ours use: a misspelt key is an error, also where GitHub passes over it. */
export const WORKFLOW_SCHEMA = object(
  {
    name: text,
    on: object({
      push: branches,
      pull_request: { anyOf: [branches, { type: 'null' }] },
      schedule: { type: 'array', items: object({ cron: { type: 'string', pattern: '^(\\S+ ){4}\\S+$' } }, ['cron']) },
    }),
    permissions,
    concurrency: object({ group: text, 'cancel-in-progress': { type: ['boolean', 'string'] } }, ['group']),
    env: texts,
    jobs: { type: 'object', additionalProperties: job, minProperties: 1 },
  },
  ['name', 'on', 'permissions', 'jobs'],
);
