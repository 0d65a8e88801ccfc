import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readYaml } from '../files.js';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

interface Kustomization {
  resources: string[];
  patches?: { path: string }[];
  images?: { name: string; newName?: string; newTag?: string }[];
}

/**
 * What an overlay makes, as far as ours go: resources of the base and its own, with patches merged into them by kind and
 * name. Enough to check references where there is no kustomize.
 * @throws Error for a patch of what is not there
 */
export function manifestsOf(directory: string): Manifest[] {
  const { resources, patches = [] } = readYaml<Kustomization>(join(directory, 'kustomization.yaml'));
  const manifests = resources.flatMap((entry) =>
    entry.endsWith('.yaml') ? [readYaml<Manifest>(join(directory, entry))] : manifestsOf(join(directory, entry)),
  );
  for (const { path } of patches) {
    const patch = readYaml<Manifest>(join(directory, path));
    const target = manifests.find(({ kind, metadata }) => kind === patch.kind && metadata.name === patch.metadata.name);
    if (!target) throw new Error(`${path} patches ${patch.kind} ${patch.metadata.name}, which is not there`);
    merge(target, patch);
  }
  return manifests;
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
