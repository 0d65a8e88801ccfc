import { existsSync, readFileSync } from 'node:fs';

const lines = readFileSync('Dockerfile', 'utf8')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const of = (instruction: string): string[] =>
  lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1));
const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as { paths: object };

const isSent = (path: string): boolean => ignored.includes(`!${path}`);

describe('the Dockerfile', () => {
  it('copies only files that exist and that .dockerignore lets through', () => {
    const sources = of('COPY')
      .filter((copy) => !copy.startsWith('--from'))
      .flatMap((copy) =>
        copy
          .split(' ')
          .slice(0, -1)
          .map((path) => path.replace('./', '')),
      );
    expect(sources.length).toBeGreaterThan(4);
    for (const source of sources)
      expect([existsSync(source), isSent(source) || isSent(source.split('/', 1)[0] ?? '')]).toEqual([true, true]);
    expect(ignored).toContain('*');
  });

  it('ends in an image without development dependencies, as a user by number that is not root', () => {
    expect(of('FROM').at(0)).toMatch(/^node:24\.[\d.]+-slim@sha256:[\da-f]{64} AS node$/);
    expect(of('FROM').at(-1)).toBe('node');
    expect(of('RUN').filter((run) => run.includes('--omit=dev'))).toHaveLength(1);
    expect(of('USER')).toEqual(['1000:1000']);
  });

  it('starts Node itself, as npm start does, so that signals reach it', () => {
    const [command = '[]'] = of('CMD');
    expect((JSON.parse(command) as string[]).join(' ')).toBe(scripts.start);
  });

  it('asks a probe that the platform has for its health', () => {
    const path = /http:\/\/127\.0\.0\.1:\$\{process\.env\.API_PORT\}(\/[\w/]+)/.exec(of('HEALTHCHECK')[0] ?? '')?.[1];
    expect(Object.keys(paths)).toContain(path);
  });
});
