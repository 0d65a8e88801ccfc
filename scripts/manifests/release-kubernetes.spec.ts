import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'nexus-release-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs the script with a kubectl that notes its calls and fails where a pattern says so. */
function release(args: string[], fails: string) {
  const calls = join(directory, 'calls');
  writeFileSync(calls, '');
  const kubectl = join(directory, 'kubectl');
  writeFileSync(kubectl, `#!/usr/bin/env bash\necho "$*" >> ${calls}\n[[ ! "$*" =~ $FAILS ]]\n`);
  chmodSync(kubectl, 0o755);
  const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}`, FAILS: fails };
  const { status, stderr } = spawnSync('scripts/release-kubernetes.sh', args, { env, encoding: 'utf8' });
  const called = readFileSync(calls, 'utf8').trim().replaceAll('--namespace nexus ', '').split('\n');
  return { status, stderr, called };
}

const MIGRATION = [
  'delete job nexus-migrate --ignore-not-found --wait',
  'apply --kustomize deploy/k8s/overlays/production/migration',
  'wait --for=condition=complete --timeout=10s job/nexus-migrate',
];
const RELEASE = ['apply --kustomize deploy/k8s/overlays/production', 'rollout status deployment/nexus --timeout=15m'];

describe('scripts/release-kubernetes.sh', () => {
  it('migrates the tables before it replaces the pods', () => {
    expect(release([], '^$')).toEqual({ status: 0, stderr: '', called: [...MIGRATION, ...RELEASE] });
  });

  it('releases nothing when the migration failed', () => {
    const { status, stderr, called } = release([], 'condition=complete');
    expect([status, called]).toEqual([
      1,
      [...MIGRATION, 'wait --for=condition=failed --timeout=1s job/nexus-migrate', 'logs job/nexus-migrate --tail=50'],
    ]);
    expect(stderr).toContain('Nothing was released.');
  });

  it('goes back to the version before when the new pods do not become ready', () => {
    const { status, stderr, called } = release([], 'rollout status');
    expect(status).toBe(1);
    expect(called.slice(MIGRATION.length)).toEqual([
      ...RELEASE,
      'rollout undo deployment/nexus',
      'rollout status deployment/nexus --timeout=15m',
    ]);
    expect(stderr).toContain('Going back to the previous version.');
  });

  it('leaves the canary to Argo Rollouts, and fails with it', () => {
    const { status, called } = release(['canary'], 'argo rollouts status');
    expect(status).toBe(1);
    expect(called.slice(MIGRATION.length)).toEqual([
      'apply --kustomize deploy/k8s/overlays/canary',
      'argo rollouts status nexus --namespace nexus --timeout 60m'.replace('--namespace nexus ', ''),
    ]);
  });

  it('names its overlays', () => {
    expect(release(['staging'], '^$')).toMatchObject({ status: 2, called: [''] });
  });
});
