import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesIn, parseManifests, readYaml } from '../files.js';
import { type Manifest, manifestsOf, publicProblem, rendered } from './overlay.js';

const MONITORING = 'deploy/k8s/monitoring';

interface Route {
  receiver: string;
  matchers?: string[];
  routes?: Route[];
}

interface Rules {
  groups: { rules: { alert: string; labels: { severity: string }; annotations: { runbook_url: string } }[] }[];
}

const alerts = readYaml<Rules>('deploy/prometheus/alerts.yml');
const read = <T>(file: string): T => readYaml<T>(`${MONITORING}/${file}`);

describe('monitoring by the Prometheus operator', () => {
  it.each(['pod-monitor.yaml', 'prometheus-rule.yaml'])(
    '%s fits the schema that the operator publishes',
    async (file) => {
      const manifest = read<Manifest>(file);
      expect(await publicProblem(manifest)).toBeUndefined();
      expect(await publicProblem({ ...manifest, spec: { selector: 'wrong', groups: 'wrong' } })).toContain('/spec');
    },
  );

  it('has the same rules as Prometheus without the operator', () => {
    expect(read<{ spec: Rules }>('prometheus-rule.yaml').spec.groups).toEqual(alerts.groups);
  });

  it('scrapes the port and the pods of the deployment, under the job of the rules', () => {
    const monitor = read<{
      spec: { jobLabel: string; selector: { matchLabels: object }; podMetricsEndpoints: object[] };
    }>('pod-monitor.yaml');
    const deployment = readYaml<{
      spec: { template: { metadata: { labels: Record<string, string> }; spec: { containers: { ports: object[] }[] } } };
    }>('deploy/k8s/base/deployment.yaml');
    const { metadata, spec } = deployment.spec.template;
    expect(metadata.labels).toMatchObject(monitor.spec.selector.matchLabels);
    expect(metadata.labels[monitor.spec.jobLabel]).toBe('nexus');
    expect(monitor.spec.podMetricsEndpoints).toMatchObject([{ port: 'http', path: '/health/metrics' }]);
    expect(spec.containers[0]?.ports).toMatchObject([{ name: 'http' }]);
  });

  it('brings every dashboard as a ConfigMap that Grafana loads', () => {
    const { configMapGenerator, generatorOptions } = readYaml<{
      configMapGenerator: { files: string[] }[];
      generatorOptions: object;
    }>('deploy/grafana/kustomization.yaml');
    const dashboards = filesIn('deploy/grafana', '.json').map((path) => path.replace('deploy/grafana/', ''));
    expect(configMapGenerator.flatMap(({ files }) => files).sort()).toEqual(dashboards.sort());
    expect(generatorOptions).toMatchObject({ labels: { grafana_dashboard: '1' } });
  });

  it('links to runbooks at the address of one setting', () => {
    const { data } = read<{ data: { docs: string } }>('runbooks.yaml');
    const urls = alerts.groups.flatMap(({ rules }) => rules.map(({ annotations }) => annotations.runbook_url));
    const bases = new Set(urls.map((url) => url.split('/runbooks/')[0]));
    expect([...bases]).toEqual([data.docs]);
    expect(new URL(data.docs).protocol).toBe('https:');
  });

  it('is rendered by kustomize where there is one, with the links of another setting', () => {
    const text = rendered(MONITORING);
    const kinds = text === undefined ? [] : parseManifests<Manifest>(text).map(({ kind }) => kind);
    if (text !== undefined)
      expect(kinds.sort()).toEqual(['ConfigMap', 'ConfigMap', 'ConfigMap', 'PodMonitor', 'PrometheusRule']);
    const copy = mkdtempSync(join(tmpdir(), 'nexus-monitoring-'));
    try {
      cpSync('deploy', copy, { recursive: true });
      const file = join(copy, 'k8s/monitoring/runbooks.yaml');
      writeFileSync(file, readFileSync(file, 'utf8').replace(/docs: .*/, 'docs: https://wiki.example.net/nexus'));
      const own = rendered(join(copy, 'k8s/monitoring'));
      const linked = own?.match(/https:\/\/wiki\.example\.net\/nexus\/runbooks\/\w+\.md/g) ?? [];
      const all = alerts.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
      if (own !== undefined) expect(linked.map((url) => url.replace(/.*\/|\.md$/g, ''))).toEqual(all);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});

it('Alertmanager has a route for each severity, to a receiver that exists', () => {
  const { route, receivers } = readYaml<{ route: Route; receivers: { name: string }[] }>(
    'deploy/prometheus/alertmanager.yml',
  );
  const severities = new Set(alerts.groups.flatMap(({ rules }) => rules.map(({ labels }) => labels.severity)));
  const routed = new Map((route.routes ?? []).map(({ matchers = [], receiver }) => [matchers.join(), receiver]));
  expect([...severities].map((severity) => [severity, routed.get(`severity = "${severity}"`)]).sort()).toEqual([
    ['critical', 'pager'],
    ['info', 'digest'],
    ['warning', 'team'],
  ]);
  const names = receivers.map(({ name }) => name);
  for (const receiver of [route.receiver, ...routed.values()]) expect(names).toContain(receiver);
});

describe('the canary overlay', () => {
  const CANARY = 'deploy/k8s/overlays/canary';
  const manifests = manifestsOf(CANARY);
  const find = (kind: string): Manifest => manifests.find((manifest) => manifest.kind === kind) as Manifest;

  it.each(manifests)('$kind $metadata.name fits the schema that its project publishes', async (manifest) => {
    expect(await publicProblem(manifest)).toBeUndefined();
  });

  it('is held to it: a wrong step is refused', async () => {
    const wrong = structuredClone(find('Rollout')) as Manifest & {
      spec: { strategy: { canary: { steps: object[] } } };
    };
    wrong.spec.strategy.canary.steps = [{ setWeight: 'ten' }];
    expect(await publicProblem(wrong)).toContain('setWeight');
  });

  it('scales and analyses what it rolls out', () => {
    const rollout = find('Rollout')['spec'] as {
      workloadRef: object;
      strategy: { canary: { analysis: { templates: object[] } } };
    };
    expect(rollout.workloadRef).toMatchObject({ kind: 'Deployment', name: find('Deployment').metadata.name });
    expect(rollout.strategy.canary.analysis.templates).toEqual([
      { templateName: find('AnalysisTemplate').metadata.name },
    ]);
    expect(find('HorizontalPodAutoscaler')['spec']).toMatchObject({
      scaleTargetRef: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: find('Rollout').metadata.name },
    });
  });

  it('is rendered by kustomize where there is one', () => {
    const text = rendered(CANARY);
    const kinds = text === undefined ? [] : parseManifests<Manifest>(text).map(({ kind }) => kind);
    if (text !== undefined) expect(kinds.sort()).toEqual(manifests.map(({ kind }) => kind).sort());
  });
});
