import { readFileSync } from 'node:fs';
import { filesIn, parseManifests, readYaml } from './files.js';

const PINNED = /^[\w./-]+:[\w.-]+@sha256:[\da-f]{64}$/;
/** Built from this repository: no registry knows their digests before a release. */
const OWN = ['nexus', 'nexus:local'];

interface Compose {
  services: Record<string, { image: string }>;
}

const composed = ['docker-compose.yml', '.ci/docker-compose.yml'].flatMap((path) =>
  Object.values(readYaml<Compose>(path).services).map(({ image }) => ({ path, image })),
);
const froms = [...readFileSync('Dockerfile', 'utf8').matchAll(/^FROM (?:--\S+ )?(\S+)(?: AS (\S+))?$/gm)];
const stages = froms.map(([, , name]) => name);
const built = froms.flatMap(([, image = '']) => (stages.includes(image) ? [] : [{ path: 'Dockerfile', image }]));
const deployed = ['deploy/k8s/base', 'deploy/k8s/migration']
  .flatMap((directory) => filesIn(directory, '.yaml'))
  .flatMap((path) =>
    parseManifests(readFileSync(path, 'utf8')).flatMap((manifest) =>
      [...JSON.stringify(manifest).matchAll(/"image":"([^"]+)"/g)].map(([, image = '']) => ({ path, image })),
    ),
  );

it('finds the images of every place', () => {
  expect([built.length, composed.length, deployed.length]).toEqual([2, 15, 2]);
});

it.each([...built, ...composed, ...deployed].filter(({ image }) => !OWN.includes(image)))(
  '$path names $image by tag and digest',
  ({ image }) => expect(image).toMatch(PINNED),
);

it('takes the containers of workflows from .ci/docker-compose.yml, which dependabot updates', () => {
  for (const path of filesIn('.github/workflows', '.yml')) {
    const text = readFileSync(path, 'utf8');
    expect(text).not.toMatch(/docker run|docker pull|docker:\/\/|^\s+(?:image|container): \S/m);
  }
});

it('uses one version of an image everywhere', () => {
  const versions = [...new Set(composed.map(({ image }) => image))];
  const names = versions.map((image) => image.split(':')[0]);
  expect(names).toEqual([...new Set(names)]);
});
