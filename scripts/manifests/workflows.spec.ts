import { Ajv } from 'ajv';
import { existsSync, readFileSync } from 'node:fs';
import { filesIn, readYaml } from './files.js';
import { WORKFLOW_SCHEMA } from './workflows.schema.js';

interface Job {
  needs?: string | string[];
  strategy?: { matrix: { include?: Record<string, string>[] } & Record<string, unknown> };
  steps: { id?: string; uses?: string; run?: string; with?: Record<string, string> }[];
}

interface Workflow {
  name: string;
  jobs: Record<string, Job>;
}

const workflows = filesIn('.github/workflows', '.yml').map((path) => ({ path, workflow: readYaml<Workflow>(path) }));
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const validate = ajv.compile(WORKFLOW_SCHEMA);
const jobs = workflows.flatMap(({ workflow }) => Object.values(workflow.jobs));
const commands = jobs.flatMap(({ steps, strategy }) => [
  ...steps.flatMap(({ run }) => run ?? []),
  ...(strategy?.matrix.include ?? []).flatMap(({ command }) => command ?? []),
]);

describe('the workflows', () => {
  it.each(workflows)('$path is what GitHub knows', ({ workflow }) => {
    expect(validate(workflow) ? [] : validate.errors).toEqual([]);
  });

  it.each(workflows)('$path waits for jobs, and reads matrices and steps, that it has', ({ path, workflow }) => {
    const names = Object.keys(workflow.jobs);
    for (const { needs = [], strategy, steps } of Object.values(workflow.jobs)) {
      for (const needed of [needs].flat()) expect(names).toContain(needed);
      const text = JSON.stringify(steps);
      const given = [...Object.keys(strategy?.matrix ?? {}), ...Object.keys(strategy?.matrix.include?.[0] ?? {})];
      for (const [, name] of text.matchAll(/matrix\.(\w+)/g)) expect(given).toContain(name);
      for (const [, id] of text.matchAll(/steps\.(\w+)\./g)) expect(steps.map((step) => step.id)).toContain(id);
    }
    expect(path).toMatch(/\.yml$/);
  });

  it('run npm scripts and files that exist', () => {
    const named = commands.flatMap((command) =>
      [...command.matchAll(/npm (?:run )?(?:--silent )?([\w:-]+)/g)].map(([, name]) => name ?? ''),
    );
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !['ci', 'audit', 'sbom'].includes(name) && !(name in scripts))).toEqual([]);
    const files = commands.flatMap((command) =>
      [...command.matchAll(/(?:^|\s)((?:scripts|\.ci|deploy)\/[\w./-]+)/g)].map(([, file]) => file ?? ''),
    );
    expect(files.length).toBeGreaterThan(2);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('put nothing that an event brings into a shell', () => {
    expect(commands.filter((command) => command.includes('${{') && !/^\$\{\{ matrix\.\w+ \}\}$/.test(command))).toEqual(
      [],
    );
  });

  it('cover what a change must pass', () => {
    const all = [...commands, ...jobs.flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []))].join('\n');
    for (const part of [
      'npm run lint',
      'npm run types',
      'npm run layers',
      'npm test',
      'npm run test:faults',
      'npm run test:dynamodb-local',
      'npm run openapi:check',
      'docker/build-push-action',
      'npm audit',
      'npm sbom',
      'github/codeql-action/analyze',
      'scripts/release-notes.sh',
    ])
      expect(all).toContain(part);
  });
});
