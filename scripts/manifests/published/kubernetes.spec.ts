import { existsSync, readFileSync } from 'node:fs';
import { parseSettings } from '../../../src/platform/config/load-settings.js';
import { settingsSchema } from '../../../src/platform/config/settings-schema.js';
import { filesIn, parseManifests, readYaml } from '../files.js';
import { type Manifest, manifestsOf, publicProblem, rendered } from './overlay.js';

const BASE = 'deploy/k8s/base';
const PRODUCTION = 'deploy/k8s/overlays/production';
const MIGRATION = `${PRODUCTION}/migration`;
const TEMPORAL = 'deploy/k8s/overlays/temporal';
/** The last writes of background work, after drain and grace. */
const LAST_WRITES_SECONDS = 15;

interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  timeoutSeconds: number;
  failureThreshold: number;
}

interface Container {
  ports: { name: string; containerPort: number }[];
  envFrom: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  startupProbe: Probe;
  readinessProbe: Probe;
  livenessProbe: Probe;
  securityContext: object;
  volumeMounts: { name: string; mountPath: string }[];
}

interface PodSpec {
  serviceAccountName: string;
  terminationGracePeriodSeconds: number;
  containers: [Container];
  volumes: { name: string }[];
}

interface Deployment extends Manifest {
  spec: {
    selector: { matchLabels: Record<string, string> };
    strategy: { rollingUpdate: object };
    template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  };
}

type Labels = Record<string, string>;

const manifests = manifestsOf(PRODUCTION);
const migration = manifestsOf(MIGRATION);
const temporal = manifestsOf(TEMPORAL);
const secret = readYaml<Manifest & { stringData: Record<string, string> }>(`${BASE}/secret.example.yaml`);
const paths = (JSON.parse(readFileSync('openapi.json', 'utf8')) as { paths: object }).paths;
const find = <T extends Manifest>(kind: string): T => manifests.find((manifest) => manifest.kind === kind) as T;
const deployment = find<Deployment>('Deployment');
const pod = deployment.spec.template.spec;
const [container] = pod.containers;
const settings = find<Manifest & { data: Record<string, string> }>('ConfigMap').data;

interface Rule {
  to: { ipBlock?: { cidr: string; except?: string[] }; namespaceSelector?: object; podSelector?: object }[];
  ports?: { port: number; protocol: string }[];
}

describe('the Kubernetes manifests', () => {
  it.each([...manifests, ...migration, ...temporal, secret])(
    '$kind $metadata.name fits the schemas that Kubernetes publishes',
    async (manifest) => {
      expect(await publicProblem(manifest)).toBeUndefined();
    },
  );

  it('are held to them: a wrong value is refused', async () => {
    const wrong = structuredClone(deployment) as unknown as { spec: { replicas: unknown } } & Manifest;
    wrong.spec.replicas = 'two';
    expect(await publicProblem(wrong)).toContain('replicas');
  });

  it('are all part of a kustomization but the example of the secret', () => {
    const { resources } = readYaml<{ resources: string[] }>(`${BASE}/kustomization.yaml`);
    const files = filesIn(BASE, '.yaml').map((path) => path.replace(`${BASE}/`, ''));
    expect(files.filter((file) => !resources.includes(file)).sort()).toEqual([
      'kustomization.yaml',
      'secret.example.yaml',
    ]);
  });

  it.each([
    [PRODUCTION, manifests],
    [MIGRATION, migration],
    [TEMPORAL, temporal],
  ])(
    'of %s are the same when kustomize renders them, and its hash of the settings is in all references',
    async (overlay, own) => {
      const text = rendered(overlay);
      const all = text === undefined ? own : parseManifests<Manifest>(text);
      expect(all.map(({ kind }) => kind).sort()).toEqual(own.map(({ kind }) => kind).sort());
      for (const manifest of all) expect(await publicProblem(manifest)).toBeUndefined();
      const config = all.find(({ kind }) => kind === 'ConfigMap') as Manifest & { data: object };
      expect(config.data).toEqual((own.find(({ kind }) => kind === 'ConfigMap') as Manifest & { data: object }).data);
      expect(config.metadata.name).toMatch(text === undefined ? /^nexus-config$/ : /^nexus-config-[a-z0-9]{10}$/);
      expect(JSON.stringify(all)).toContain(`"configMapRef":{"name":"${config.metadata.name}"}`);
    },
  );

  it('migrate tables with the image and the settings of the release, out of reach of the Service', () => {
    const job = migration.find(({ kind }) => kind === 'Job') as Deployment & {
      spec: { activeDeadlineSeconds: number };
    };
    const { template } = job.spec;
    const [migrate] = template.spec.containers as unknown as [Container & { image: string; command: string[] }];
    expect(migrate.image).toBe((container as Container & { image: string }).image);
    expect(migrate.envFrom).toEqual(container.envFrom);
    expect(migrate.command).toEqual(['node', 'dist/commands/migrate.js']);
    expect(existsSync('src/commands/migrate.ts')).toBe(true);
    const service = find('Service')['spec'] as { selector: Labels };
    expect(template.metadata.labels).not.toMatchObject(service.selector);
    const account = migration.find(({ kind }) => kind === 'ServiceAccount');
    expect([template.spec.serviceAccountName, template.spec.serviceAccountName === pod.serviceAccountName]).toEqual([
      account?.metadata.name,
      false,
    ]);
    expect(migration.find(({ kind }) => kind === 'ConfigMap')).toEqual(find('ConfigMap'));
    // An index of a large table may be filled for half an hour.
    expect(job.spec.activeDeadlineSeconds).toBeGreaterThan(30 * 60);
  });

  it.each([
    ['nexus', manifests],
    ['nexus-migrate', migration],
    ['nexus', temporal],
    ['nexus-worker', temporal],
  ])('let %s reach DNS, Pod Identity and HTTPS, and not the metadata of the machine', (name, own) => {
    const policy = own.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === name);
    const { egress } = policy?.['spec'] as { egress: Rule[] };
    const through = (port: number): Rule[] => egress.filter(({ ports }) => ports?.some((one) => one.port === port));
    const [dns] = through(53);
    expect(dns?.ports?.map(({ protocol }) => protocol)).toEqual(['UDP', 'TCP']);
    expect(dns?.to).toEqual([
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
      { ipBlock: { cidr: '169.254.20.10/32' } },
    ]);
    expect(through(80).map(({ to }) => to)).toEqual([
      [{ ipBlock: { cidr: '169.254.170.23/32' } }, { ipBlock: { cidr: 'fd00:ec2::23/128' } }],
    ]);
    expect(through(443).map(({ to }) => to)).toEqual([
      [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } }],
    ]);
  });

  it('drive runs on Temporal in workers of their own, with the image, settings and secrets of the release', () => {
    const named = (kind: string): Manifest =>
      temporal.find((one) => one.kind === kind && one.metadata.name === 'nexus-worker') as Manifest;
    const worker = named('Deployment') as Deployment;
    const [only] = worker.spec.template.spec.containers as unknown as [
      Container & { image: string; command: string[] },
    ];
    expect(only.command).toEqual(['node', 'dist/commands/worker.js']);
    expect(existsSync('src/commands/worker.ts')).toBe(true);
    expect(only.image).toBe((container as Container & { image: string }).image);
    expect([only.envFrom, only.securityContext]).toEqual([container.envFrom, container.securityContext]);
    const { labels } = worker.spec.template.metadata;
    expect(labels).not.toMatchObject((find('Service')['spec'] as { selector: Labels }).selector);
    expect(named('HorizontalPodAutoscaler')['spec']).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: worker.metadata.name },
    });
    for (const kind of ['PodDisruptionBudget', 'NetworkPolicy']) {
      const { selector, podSelector } = named(kind)['spec'] as Record<string, { matchLabels: Labels } | undefined>;
      expect(labels).toMatchObject((selector ?? podSelector)?.matchLabels ?? {});
    }
    const { data } = temporal.find(({ kind }) => kind === 'ConfigMap') as Manifest & { data: Record<string, string> };
    const { values } = parseSettings({ ...data, JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je' });
    expect(values).toMatchObject({ ENGINE: 'temporal', TEMPORAL_WORKER: false, TEMPORAL_NAMESPACE: 'nexus' });
  });

  it('come in through a Gateway, which has every public path of the document and no probe', () => {
    const { hostnames, rules, parentRefs } = find('HTTPRoute')['spec'] as {
      hostnames: string[];
      parentRefs: { name: string }[];
      rules: { matches: { path: { type: string; value: string } }[] }[];
    };
    const matches = rules.flatMap(({ matches }) => matches.map(({ path }) => path));
    const isRouted = (path: string): boolean =>
      matches.some(({ type, value }) =>
        type === 'Exact' ? path === value : path === value || path.startsWith(`${value}/`),
      );
    expect([hostnames.length, parentRefs.length]).toEqual([1, 1]);
    expect(manifests.some(({ kind }) => kind === 'Ingress')).toBe(false);
    const [probes, others] = [true, false].map((isProbe) =>
      Object.keys(paths).filter((path) => path.startsWith('/health') === isProbe),
    );
    expect(probes?.filter(isRouted)).toEqual([]);
    expect(others?.filter((path) => !isRouted(path))).toEqual([]);
  });

  it('select the pods of the deployment wherever they select', () => {
    const { labels } = deployment.spec.template.metadata;
    const selectors: [string, Labels][] = [
      ['Deployment', deployment.spec.selector.matchLabels],
      ['Service', (find('Service')['spec'] as { selector: Labels }).selector],
      [
        'PodDisruptionBudget',
        (find('PodDisruptionBudget')['spec'] as { selector: { matchLabels: Labels } }).selector.matchLabels,
      ],
      [
        'NetworkPolicy',
        (find('NetworkPolicy')['spec'] as { podSelector: { matchLabels: Labels } }).podSelector.matchLabels,
      ],
    ];
    for (const [, selector] of selectors) expect(labels).toMatchObject(selector);
    const spread = JSON.stringify(pod).matchAll(/"matchLabels":(\{[^}]*\})/g);
    for (const [, selector = ''] of spread) expect(labels).toMatchObject(JSON.parse(selector) as Labels);
  });

  it('refer to what is there: account, settings, secret, ports, volumes, scale target, service', () => {
    expect(pod.serviceAccountName).toBe(find('ServiceAccount').metadata.name);
    expect(container.envFrom.map(({ configMapRef, secretRef }) => configMapRef?.name ?? secretRef?.name)).toEqual([
      find('ConfigMap').metadata.name,
      secret.metadata.name,
    ]);
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(pod.volumes.map(({ name }) => name).sort());
    expect(find('HorizontalPodAutoscaler')['spec']).toMatchObject({
      scaleTargetRef: { apiVersion: deployment.apiVersion, kind: 'Deployment', name: deployment.metadata.name },
    });
    const ports = container.ports.map(({ name }) => name);
    const service = find('Service')['spec'] as { ports: { name: string; port: number; targetPort: string }[] };
    for (const { targetPort } of service.ports) expect(ports).toContain(targetPort);
    const backends = JSON.stringify(find('HTTPRoute')['spec']).matchAll(
      /"backendRefs":\[\{"name":"([^"]+)","port":(\d+)/g,
    );
    for (const [, name, port] of backends)
      expect([name, service.ports.map((one) => String(one.port))]).toEqual([find('Service').metadata.name, [port]]);
  });

  it('set settings that the platform has, to values that it takes in production', () => {
    const names = Object.keys(settingsSchema().shape);
    const unknown = [...Object.keys(settings), ...Object.keys(secret.stringData)].filter(
      (name) => !names.includes(name),
    );
    expect(unknown).toEqual([]);
    const { values } = parseSettings({
      ...secret.stringData,
      ...settings,
      JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je',
      NEXUS_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64'),
      NEXUS_ADMIN_PASSWORD: 'x'.repeat(12),
    });
    expect(values).toMatchObject({ ENVIRONMENT: 'production', API_HOST: '0.0.0.0', NEXUS_TABLE_PREFIX: 'production-' });
    // Answers of the offline model are for development.
    expect(values.MODEL_PROVIDER).not.toBe('offline');
    expect(String(values.API_PORT)).toBe(String(container.ports[0]?.containerPort));
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toContain(values.NEXUS_DATA_DIR);
  });

  it('probe routes that the platform serves, and liveness without the database', () => {
    const { startupProbe, readinessProbe, livenessProbe } = container;
    for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
      expect(Object.keys(paths)).toContain(probe.httpGet.path);
      expect(container.ports.map(({ name }) => name)).toContain(probe.httpGet.port);
    }
    expect([readinessProbe.httpGet.path, livenessProbe.httpGet.path]).toEqual(['/health/ready', '/health/live']);
  });

  it('give a pod the time that it takes to leave, and take no pod away before another is ready', () => {
    const { SHUTDOWN_DRAIN_SECONDS: drain, SHUTDOWN_GRACE_SECONDS: grace } = parseSettings({
      ...settings,
      JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je',
    }).values;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(drain + grace + LAST_WRITES_SECONDS);
    const { periodSeconds, timeoutSeconds, failureThreshold } = container.readinessProbe;
    expect(periodSeconds * failureThreshold + timeoutSeconds).toBeLessThanOrEqual(drain);
    // One failed call of the database does not take a pod out of service.
    expect(failureThreshold).toBe(2);
    expect(deployment.spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  });

  it('run without privileges on a root that cannot be written to', () => {
    expect(pod).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 1000 },
      automountServiceAccountToken: false,
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});
