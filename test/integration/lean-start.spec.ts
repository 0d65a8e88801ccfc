import { spawnSync } from 'node:child_process';

/** Prints the packages that are loaded with the platform's modules. */
const PROGRAM = `
  import { registerHooks } from 'node:module';
  const packages = new Set();
  registerHooks({
    load(url, context, next) {
      packages.add(/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]);
      return next(url, context);
    },
  });
  await import('./dist/app.module.js');
  console.log(JSON.stringify([...packages]));
`;
/** Large, and most processes never need them: each would cost every start and every test file up to half a second. */
const LATER = ['mathjs', 'ai', 'nodemailer', 'openid-client', '@zxcvbn-ts/core', 'quickjs-emscripten', 'ajv'];

it('a start loads no library that only some requests need', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', PROGRAM], {
    encoding: 'utf8',
    timeout: 180_000,
  });
  expect(stderr).toBe('');
  const loaded = JSON.parse(stdout) as (string | null)[];
  expect(loaded).toEqual(expect.arrayContaining(['@nestjs/core', '@aws-sdk/client-dynamodb', 'express']));
  expect(loaded.filter((name) => name !== null && LATER.includes(name))).toEqual([]);
});
