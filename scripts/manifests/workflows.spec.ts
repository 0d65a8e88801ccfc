import { existsSync, readFileSync } from 'node:fs';
import { filesIn, readYaml } from './files.js';

interface Job {
  'runs-on': string;
  'timeout-minutes': number;
  strategy?: { matrix: { include?: Record<string, string>[] } & Record<string, unknown> };
  steps: { id?: string; uses?: string; run?: string; with?: Record<string, string> }[];
}

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const workflows = filesIn('.github/workflows', '.yml').map((path) => ({ path, workflow: readYaml<Workflow>(path) }));
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const jobs = workflows.flatMap(({ workflow }) => Object.values(workflow.jobs));
const commands = jobs.flatMap(({ steps, strategy }) => [
  ...steps.flatMap(({ run }) => run ?? []),
  ...(strategy?.matrix.include ?? []).flatMap(({ command }) => command ?? []),
]);

describe('the workflows', () => {
  it.each(workflows)(
    '$path pins actions by commit, bounds its jobs and asks for no more than it needs',
    ({ workflow }) => {
      expect(workflow.permissions).toEqual({ contents: 'read' });
      for (const job of Object.values(workflow.jobs)) {
        expect(job['timeout-minutes']).toBeGreaterThan(0);
        expect(job['runs-on']).toBe('ubuntu-latest');
        for (const { uses } of job.steps)
          if (uses !== undefined) expect(uses).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/);
      }
    },
  );

  it('pin one commit of each action', () => {
    const used = [...new Set(jobs.flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? [])))];
    const actions = used.map((one) => one.replace(/@.*/, ''));
    expect(actions).toEqual([...new Set(actions)]);
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
      'npm run test:manifests',
      'npm run test:coverage',
      'github/codeql-action/analyze',
      'aquasecurity/trivy-action',
      'actions/dependency-review-action',
      'scripts/zap-scan.sh',
      'scripts/release-notes.sh',
    ])
      expect(all).toContain(part);
  });
});
