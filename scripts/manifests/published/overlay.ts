import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readYaml } from '../files.js';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

interface Kustomization {
  resources?: string[];
  components?: string[];
  configMapGenerator?: { name: string; behavior?: 'merge'; envs: string[] }[];
  patches?: { path: string }[];
  images?: { name: string; newName?: string; newTag?: string }[];
}

/**
 * What an overlay makes, as far as ours go: resources of the base and its own, components, generated ConfigMaps without the hash in
 * their name, and patches merged by kind and name. Enough to check references where there is no kustomize.
 * @throws Error for a patch of what is not there
 */
export function manifestsOf(directory: string, manifests: Manifest[] = []): Manifest[] {
  const { resources, components, configMapGenerator, patches } = readYaml<Kustomization>(
    join(directory, 'kustomization.yaml'),
  );
  for (const entry of resources ?? [])
    manifests.push(
      ...(entry.endsWith('.yaml') ? [readYaml<Manifest>(join(directory, entry))] : manifestsOf(join(directory, entry))),
    );
  for (const { name, behavior, envs } of configMapGenerator ?? []) {
    const data = Object.assign({}, ...envs.map((path) => environmentIn(join(directory, path)))) as object;
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
    if (behavior === 'merge') merge(named(manifests, config), { data });
    else manifests.push(config);
  }
  for (const component of components ?? []) manifestsOf(join(directory, component), manifests);
  for (const { path } of patches ?? []) {
    const patch = readYaml<Manifest>(join(directory, path));
    merge(named(manifests, patch), patch);
  }
  return manifests;
}

function named(manifests: Manifest[], { kind, metadata: { name } }: Manifest): Manifest {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (!found) throw new Error(`${kind} ${name} is changed, but does not exist`);
  return found;
}

/** Lines `NAME=value`, taken as they are. */
function environmentIn(path: string): Record<string, string> {
  const lines = readFileSync(path, 'utf8').split('\n');
  return Object.fromEntries(
    lines
      .filter((line) => /^[A-Z]/.test(line))
      .map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
  ) as Record<string, string>;
}

/** The same by kustomize itself; undefined on a machine that has none. */
export function rendered(directory: string): string | undefined {
  const { status, stdout, stderr, error } = spawnSync('kubectl', ['kustomize', directory], { encoding: 'utf8' });
  if (error) return undefined;
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** A strategic merge: lists of things with a name are merged by it, other lists replaced. */
function merge(target: Record<string, unknown>, patch: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(patch)) {
    const now = target[key];
    if (isNamedList(now) && isNamedList(value)) {
      for (const entry of value) {
        const same = now.find(({ name }) => name === entry['name']);
        if (same) merge(same, entry);
        else now.push(entry);
      }
    } else if (isRecord(now) && isRecord(value)) merge(now, value);
    else target[key] = value;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNamedList = (value: unknown): value is Record<string, unknown>[] =>
  Array.isArray(value) && value.every((entry) => isRecord(entry) && 'name' in entry);

type Model = new (manifest: Manifest) => { validate(): void };

const require = createRequire(pathToFileURL(resolve('.ci/package.json')));

/** Packages of schemas by the group of the API; installed by `npm run ci:install`. */
const PUBLISHED: Record<string, string> = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
  'argoproj.io': '@kubernetes-models/argo-rollouts',
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
};

/** What is wrong with a manifest by the schemas that its project publishes; undefined when nothing is. */
export async function publicProblem(manifest: Manifest): Promise<string | undefined> {
  const [group = ''] = manifest.apiVersion.split('/');
  const models = await modelsOf(group, manifest.apiVersion);
  const Model = models[manifest.kind];
  if (!Model) return `no schema for ${manifest.kind}`;
  try {
    new Model(manifest).validate();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Those of Kubernetes itself are CommonJS, those of other projects ES modules. */
async function modelsOf(group: string, apiVersion: string): Promise<Record<string, Model>> {
  const project = PUBLISHED[group];
  if (project === undefined) return require(`kubernetes-models/${apiVersion}`) as Record<string, Model>;
  const index = resolve('.ci/node_modules', project, apiVersion, 'index.js');
  return (await import(pathToFileURL(index).href)) as Record<string, Model>;
}
