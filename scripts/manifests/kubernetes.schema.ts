/**
 * The part of the schemas of Kubernetes 1.33 that the manifests of `deploy/k8s` use, and nothing more: a misspelt key, which
 * kubectl would drop or refuse only in front of a cluster, is an error here.
 */
type Schema = Record<string, unknown>;

const text: Schema = { type: 'string', minLength: 1 };
const number: Schema = { type: 'integer', minimum: 0 };
const flag: Schema = { type: 'boolean' };
const texts: Schema = { type: 'object', additionalProperties: { type: 'string' } };
const list = (items: Schema): Schema => ({ type: 'array', items, minItems: 1 });
const oneOf = (...values: string[]): Schema => ({ enum: values });
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const portReference: Schema = { anyOf: [text, number] };
const quantity: Schema = { type: 'string', pattern: '^\\d+(\\.\\d+)?(m|Ki|Mi|Gi)?$' };
const quantities = object({ cpu: quantity, memory: quantity });
const labelSelector = object({ matchLabels: texts }, ['matchLabels']);
const metadata = object({ name: text, namespace: text, labels: texts, annotations: texts }, ['name']);
const probe = object(
  {
    httpGet: object({ path: text, port: portReference }, ['path', 'port']),
    periodSeconds: number,
    timeoutSeconds: number,
    failureThreshold: number,
    initialDelaySeconds: number,
  },
  ['httpGet'],
);
const container = object(
  {
    name: text,
    image: text,
    imagePullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
    ports: list(object({ name: text, containerPort: number, protocol: oneOf('TCP', 'UDP') }, ['containerPort'])),
    envFrom: list(object({ configMapRef: object({ name: text }), secretRef: object({ name: text }) })),
    startupProbe: probe,
    readinessProbe: probe,
    livenessProbe: probe,
    resources: object({ requests: quantities, limits: quantities }, ['requests']),
    securityContext: object({
      allowPrivilegeEscalation: flag,
      readOnlyRootFilesystem: flag,
      capabilities: object({ drop: list(text) }),
    }),
    volumeMounts: list(object({ name: text, mountPath: text, readOnly: flag }, ['name', 'mountPath'])),
  },
  ['name', 'image'],
);
const podAffinityTerm = object({ topologyKey: text, labelSelector }, ['topologyKey', 'labelSelector']);
const podSpec = object(
  {
    serviceAccountName: text,
    automountServiceAccountToken: flag,
    enableServiceLinks: flag,
    terminationGracePeriodSeconds: number,
    securityContext: object({
      runAsNonRoot: flag,
      runAsUser: number,
      runAsGroup: number,
      fsGroup: number,
      seccompProfile: object({ type: oneOf('RuntimeDefault', 'Localhost', 'Unconfined') }, ['type']),
    }),
    affinity: object({
      podAntiAffinity: object({
        preferredDuringSchedulingIgnoredDuringExecution: list(
          object({ weight: { type: 'integer', minimum: 1, maximum: 100 }, podAffinityTerm }, [
            'weight',
            'podAffinityTerm',
          ]),
        ),
      }),
    }),
    topologySpreadConstraints: list(
      object(
        {
          maxSkew: number,
          topologyKey: text,
          whenUnsatisfiable: oneOf('ScheduleAnyway', 'DoNotSchedule'),
          labelSelector,
        },
        ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
      ),
    ),
    containers: list(container),
    volumes: list(object({ name: text, emptyDir: object({ sizeLimit: quantity }) }, ['name'])),
  },
  ['containers'],
);
const deploymentSpec = object(
  {
    replicas: number,
    revisionHistoryLimit: number,
    minReadySeconds: number,
    progressDeadlineSeconds: number,
    selector: labelSelector,
    strategy: object({
      type: oneOf('RollingUpdate', 'Recreate'),
      rollingUpdate: object({
        maxSurge: { type: ['integer', 'string'] },
        maxUnavailable: { type: ['integer', 'string'] },
      }),
    }),
    template: object({ metadata: object({ labels: texts, annotations: texts }), spec: podSpec }, ['metadata', 'spec']),
  },
  ['selector', 'template'],
);
const servicePort = object({ name: text, port: number, targetPort: portReference, protocol: oneOf('TCP', 'UDP') }, [
  'port',
]);
const scaling = object({
  stabilizationWindowSeconds: { type: 'integer', minimum: 0, maximum: 3600 },
  policies: list(
    object({ type: oneOf('Pods', 'Percent'), value: number, periodSeconds: number }, [
      'type',
      'value',
      'periodSeconds',
    ]),
  ),
});
const autoscalerSpec = object(
  {
    scaleTargetRef: object({ apiVersion: text, kind: text, name: text }, ['apiVersion', 'kind', 'name']),
    minReplicas: number,
    maxReplicas: number,
    metrics: list(
      object({
        type: oneOf('Resource'),
        resource: object({
          name: oneOf('cpu', 'memory'),
          target: object({ type: oneOf('Utilization'), averageUtilization: number }),
        }),
      }),
    ),
    behavior: object({ scaleUp: scaling, scaleDown: scaling }),
  },
  ['scaleTargetRef', 'maxReplicas'],
);
const peers = list(
  object({
    namespaceSelector: labelSelector,
    podSelector: labelSelector,
    ipBlock: object({ cidr: text, except: list(text) }, ['cidr']),
  }),
);
const policyPorts = list(object({ port: portReference, protocol: oneOf('TCP', 'UDP') }));
const networkSpec = object(
  {
    podSelector: labelSelector,
    policyTypes: list(oneOf('Ingress', 'Egress')),
    ingress: list(object({ from: peers, ports: policyPorts })),
    egress: list(object({ to: peers, ports: policyPorts })),
  },
  ['podSelector', 'policyTypes'],
);
const backend = object({ service: object({ name: text, port: object({ name: text, number }) }, ['name', 'port']) }, [
  'service',
]);
const ingressSpec = object(
  {
    ingressClassName: text,
    tls: list(object({ hosts: list(text), secretName: text })),
    rules: list(
      object({
        host: text,
        http: object({
          paths: list(object({ path: text, pathType: oneOf('Prefix', 'Exact'), backend }, ['pathType', 'backend'])),
        }),
      }),
    ),
  },
  ['rules'],
);

const kind = (apiVersion: string, name: string, rest: Record<string, Schema>, required: string[] = ['spec']): Schema =>
  object({ apiVersion: oneOf(apiVersion), kind: oneOf(name), metadata, ...rest }, [
    'apiVersion',
    'kind',
    'metadata',
    ...required,
  ]);

/** By kind. */
export const KUBERNETES_SCHEMAS: Record<string, Schema> = {
  Deployment: kind('apps/v1', 'Deployment', { spec: deploymentSpec }),
  Service: kind('v1', 'Service', {
    spec: object({ type: oneOf('ClusterIP', 'LoadBalancer'), selector: texts, ports: list(servicePort) }, [
      'selector',
      'ports',
    ]),
  }),
  ServiceAccount: kind('v1', 'ServiceAccount', { automountServiceAccountToken: flag }, []),
  ConfigMap: kind('v1', 'ConfigMap', { data: texts }, ['data']),
  Secret: kind('v1', 'Secret', { type: oneOf('Opaque'), stringData: texts }, ['stringData']),
  HorizontalPodAutoscaler: kind('autoscaling/v2', 'HorizontalPodAutoscaler', { spec: autoscalerSpec }),
  PodDisruptionBudget: kind('policy/v1', 'PodDisruptionBudget', {
    spec: object(
      {
        maxUnavailable: number,
        minAvailable: number,
        unhealthyPodEvictionPolicy: oneOf('AlwaysAllow', 'IfHealthyBudget'),
        selector: labelSelector,
      },
      ['selector'],
    ),
  }),
  NetworkPolicy: kind('networking.k8s.io/v1', 'NetworkPolicy', { spec: networkSpec }),
  Ingress: kind('networking.k8s.io/v1', 'Ingress', { spec: ingressSpec }),
};
