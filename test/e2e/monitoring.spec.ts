import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Metrics } from '../../src/platform/observability/metrics.js';
import { startApp, type TestApp } from '../support/app.js';
import { PrometheusText } from '../support/prometheus-text.js';

interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

interface Panel {
  title: string;
  targets: { expr: string }[];
}

interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
}

const DASHBOARDS = 'deploy/grafana';
/** Put on every sample by the scrape, or part of histograms and summaries. */
const LABELS_OF_SCRAPES = new Set(['job', 'instance', 'le', 'quantile']);

const yaml = (path: string): unknown => parse(readFileSync(path, 'utf8'));
const rules = (yaml('deploy/prometheus/alerts.yml') as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const dashboards = readdirSync(DASHBOARDS)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(DASHBOARDS, name), 'utf8')) as Dashboard);

const queries = [
  ...rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
  ...dashboards.flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.targets.map(({ expr }) => ({
        where: `${title} / ${panel.title}`,
        expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
      })),
    ),
  ),
];

let app: TestApp;
let exported: PrometheusText;
beforeAll(async () => {
  app = await startApp();
  await app.http.as('org-a').get('/api/v1/projects');
  exported = new PrometheusText(await (await app.http.raw('GET', '/health/metrics')).text());
});
afterAll(() => app.close());

/** The labels that the platform gives a metric; of a part of a histogram those of the whole. */
function labelsOf(name: string): Set<string> {
  const { registry } = app.app.get(Metrics);
  const metric = registry.getSingleMetric(name) ?? registry.getSingleMetric(name.replace(/_(bucket|sum|count)$/, ''));
  return new Set((metric as { labelNames?: string[] } | undefined)?.labelNames ?? []);
}

/** Metrics that a query names. `npm run test:manifests` has promtool check that it is PromQL. */
const metricsIn = (expr: string): string[] => [
  ...new Set(expr.match(/\b(?:nexus|http|process|nodejs)_[a-z0-9_]+/g) ?? []),
];

/** Labels that a query matches on or groups by. */
const labelsIn = (expr: string): string[] => {
  const matched = [...expr.matchAll(/[{,]\s*([a-z_]+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
  const grouped = [...expr.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(','),
  );
  return [...new Set([...matched, ...grouped].map((label) => label.trim()).filter((label) => label !== ''))];
};

describe('every query of a rule or a panel', () => {
  it.each(queries)('$where names metrics and labels that the platform exports', ({ expr }) => {
    const metrics = metricsIn(expr);
    expect(metrics.length > 0 || expr.includes('up')).toBe(true);
    expect(metrics.filter((name) => !exported.names.has(name))).toEqual([]);
    const labels = new Set([...LABELS_OF_SCRAPES, ...metrics.flatMap((name) => [...labelsOf(name)])]);
    expect(labelsIn(expr).filter((label) => !labels.has(label))).toEqual([]);
  });
});

describe('every alert', () => {
  it.each(rules)(
    '$alert has a severity, a time, words and a runbook that names it',
    ({ alert, labels, annotations, ...rule }) => {
      expect(['info', 'warning', 'critical']).toContain(labels.severity);
      expect(rule.for).toMatch(/^\d+[smh]$/);
      expect(annotations.summary).not.toBe('');
      const page = `docs/runbooks/${alert}.md`;
      expect(annotations.runbook_url).toBe(`https://github.com/example/nexus/blob/main/${page}`);
      const runbook = readFileSync(page, 'utf8');
      expect(runbook).toMatch(new RegExp(`^# ${alert}\n`));
      for (const part of ['## What it means', '## Look', '## Do']) expect(runbook).toContain(part);
    },
  );

  it('has a runbook whose log messages the platform writes', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .map((name) => readFileSync(join('src', name), 'utf8'))
      .join('\n');
    const quoted = rules.flatMap(({ alert }) =>
      [...readFileSync(`docs/runbooks/${alert}.md`, 'utf8').matchAll(/\bthe log(?: line)?:? (`.*)/gi)].flatMap(
        ([, list = '']) => [...list.matchAll(/`([^`]+)`/g)].map(([, text = '']) => `${alert}: ${text}`),
      ),
    );
    const messages = quoted.filter((one) => !/: (?:GET|POST|PUT) \//.test(one));
    expect(messages.length).toBeGreaterThan(8);
    expect(messages.filter((one) => !sources.includes(one.slice(one.indexOf(': ') + 2)))).toEqual([]);
  });

  it('has a name of its own, and no runbook is left over', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    expect(readdirSync('docs/runbooks').sort()).toEqual([...names.map((name) => `${name}.md`), 'README.md'].sort());
  });
});

it('the alerts on response times leave out every route that streams', () => {
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as { paths: Record<string, object> };
  const streaming = Object.keys(paths).filter((path) => JSON.stringify(paths[path]).includes('"text/event-stream"'));
  expect(streaming.length).toBeGreaterThan(5);
  const patterns = rules.flatMap(({ expr }) => /_duration_seconds_bucket\{.*route!~"([^"]+)"/.exec(expr)?.[1] ?? []);
  expect(patterns).toHaveLength(2);
  for (const pattern of patterns)
    expect(streaming.filter((path) => !new RegExp(`^(?:${pattern})$`).test(path))).toEqual([]);
});

it('every dashboard has ids of its own, and panels with titles', () => {
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length);
  for (const { panels } of dashboards) {
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    expect(panels.every(({ targets }) => targets.length > 0)).toBe(true);
  }
});

it('the scrape configuration names the route of the metrics and the rules beside it', () => {
  const config = yaml('deploy/prometheus/prometheus.yml') as {
    rule_files: string[];
    scrape_configs: { job_name: string; metrics_path?: string }[];
  };
  expect(config.scrape_configs.find(({ job_name }) => job_name === 'nexus')?.metrics_path).toBe('/health/metrics');
  for (const file of config.rule_files) expect(existsSync(join('deploy/prometheus', file))).toBe(true);
});

it('every metric of the platform is documented, and every one that is documented is exported', () => {
  const documented = new Set(
    [...readFileSync('docs/monitoring.md', 'utf8').matchAll(/^\| `((?:nexus|http)_[a-z0-9_]+)`/gm)].map(
      ([, name]) => name,
    ),
  );
  const own = [...exported.families.keys()].filter((name) => /^(nexus|http)_/.test(name));
  expect([...documented].sort()).toEqual(own.sort());
});
