// The contract: a program in each language does the same ten things through a proxy that drops streams, refuses requests and loses
// answers. Each prints what it saw as one line of JSON, and all three must equal EXPECTED. Then the ten examples of each README run as they
// stand there, without the proxy. What cannot run here is named.
import { spawn, spawnSync } from 'node:child_process';
import { deepStrictEqual } from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectPrinted, programOf } from './examples.mjs';

const ROOT = process.env.NEXUS_ROOT ?? join(import.meta.dirname, '../..');
const SDKS = join(ROOT, 'sdks');
const PROGRAM_MS = 300_000;
const TOOLS = process.env.NEXUS_SDK_TOOLS ?? '';

const EXPECTED = {
  sign_in: { roles: ['admin'], waited_as_told: true },
  build: { status: 'completed', kinds: ['done', 'log', 'progress', 'stage'], has_gaps: false },
  pages: ['sdk 1', 'sdk 2', 'sdk 3'],
  invoke: { status: 'success', has_answer: true },
  background: { status: 'success', first: 'start', last: 'done' },
  session: ['user', 'assistant'],
  flow: { status: 'completed', output: 'Hello Ada', last: 'run.ended' },
  integration: { status: 'ready', operations: 1, call_status: 200, valid: true },
  not_found: { name: 'NotFoundError', status: 404, code: 'RESOURCE_NOT_FOUND', has_suggestion: true, has_trace_id: true },
  invalid: { name: 'InvalidRequestError', status: 400, code: 'VALIDATION_ERROR', fields: ['requirement'] },
};

/** Refuses the first request, loses the answer to the first new project, and cuts the first two streams of each kind. */
function faultyProxy(target) {
  const seen = { refused: 0, projects: [], cut: new Map() };
  const server = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    if (seen.refused === 0) {
      seen.refused++;
      outgoing.writeHead(429, { 'retry-after': '1', 'content-type': 'application/json' });
      return outgoing.end('{"success":false,"error":{"code":"RATE_LIMIT_EXCEEDED","message":"slow down"}}');
    }
    const isProject = method === 'POST' && url === '/api/v1/projects';
    const sent = forward(new URL(url, target), { method, headers }, (answer) => {
      if (isProject) seen.projects.push(headers['idempotency-key']);
      if (isProject && seen.projects.length === 1) {
        answer.resume();
        return answer.on('end', () => outgoing.destroy());
      }
      outgoing.writeHead(answer.statusCode, answer.headers);
      const kind = url.split('/')[3];
      const cuts = seen.cut.get(kind) ?? 0;
      const isStream = (answer.headers['content-type'] ?? '').includes('event-stream');
      if (!isStream || cuts >= 2) return answer.pipe(outgoing);
      // After the first event that has a position.
      seen.cut.set(kind, cuts + 1);
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
        outgoing.write(part);
        if (/^id: .*\n[\s\S]*\n\n/m.test(text)) {
          answer.destroy();
          outgoing.destroy();
        }
      });
      answer.on('end', () => outgoing.end());
    });
    sent.on('error', () => outgoing.destroy());
    // A stream that the client gave up would keep this process for a minute.
    outgoing.on('close', () => sent.destroy());
    incoming.pipe(sent);
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve({ server, seen, url: `http://127.0.0.1:${server.address().port}` })),
  );
}

function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'], timeout: PROGRAM_MS });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}\n${output}`))));
  });
}

const has = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const inTools = (path) => (TOOLS === '' ? undefined : existsSync(join(TOOLS, path)) ? join(TOOLS, path) : undefined);

const tsc = (...args) => run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...args]);

/** For each language: why it is left out, how its code is prepared, the program of the contract, and how the program of its README runs. */
const LANGUAGES = {
  typescript: {
    missing: () => undefined,
    prepare: () => tsc('-p', join(SDKS, 'typescript')),
    program: (env) => run(process.execPath, [join(import.meta.dirname, 'typescript.mjs')], { env }),
    // Installed as a package, so that its exports count.
    examples: async (program, folder, env) => {
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(join(SDKS, 'typescript'), join(folder, 'node_modules/nexus-sdk'));
      const file = join(folder, 'examples.mts');
      writeFileSync(file, program);
      const types = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node'];
      await tsc('--strict', '--target', 'es2023', '--module', 'nodenext', '--skipLibCheck', ...types, '--ignoreConfig', file);
      return run(process.execPath, [join(folder, 'examples.mjs')], { env });
    },
  },
  python: {
    missing: () =>
      inTools('python/bin/python') === undefined
        ? 'NEXUS_SDK_TOOLS names no folder with the Python tools (npm run test:generated makes it)'
        : existsSync(join(SDKS, 'python/nexus_sdk/generated'))
          ? undefined
          : 'its code is not generated (npm run sdks)',
    prepare: () =>
      run(join(TOOLS, 'python/bin/mypy'), ['--strict', '--cache-dir', join(TOOLS, 'mypy-sdk'), 'nexus_sdk'], {
        cwd: join(SDKS, 'python'),
      }),
    program: (env) =>
      run(join(TOOLS, 'python/bin/python'), [join(import.meta.dirname, 'python.py')], {
        env: { ...env, PYTHONPATH: join(SDKS, 'python'), PYTHONDONTWRITEBYTECODE: '1' },
      }),
    examples: async (program, folder, env) => {
      const file = join(folder, 'examples.py');
      writeFileSync(file, program);
      const python = { env: { ...env, PYTHONPATH: join(SDKS, 'python'), MYPYPATH: join(SDKS, 'python'), PYTHONDONTWRITEBYTECODE: '1' } };
      await run(join(TOOLS, 'python/bin/mypy'), ['--strict', '--cache-dir', join(TOOLS, 'mypy-sdk'), file], python);
      return run(join(TOOLS, 'python/bin/python'), [file], python);
    },
  },
  go: {
    missing: () =>
      !has('go', 'version')
        ? 'go is not installed'
        : existsSync(join(SDKS, 'go/client.gen.go'))
          ? undefined
          : 'its code is not generated (npm run sdks)',
    prepare: () => run('go', ['vet', './...'], { cwd: join(SDKS, 'go') }),
    program: (env) => run('go', ['run', './contract'], { cwd: join(SDKS, 'go'), env }),
    // As a module of its own that requires the client.
    examples: async (program, folder, env) => {
      const own = readFileSync(join(SDKS, 'go/go.mod'), 'utf8').replace(/^module nexus$/m, 'module examples');
      writeFileSync(join(folder, 'go.mod'), `${own}\nrequire nexus v0.0.0\n\nreplace nexus => ${join(SDKS, 'go')}\n`);
      copyFileSync(join(SDKS, 'go/go.sum'), join(folder, 'go.sum'));
      writeFileSync(join(folder, 'main.go'), program);
      await run('go', ['vet', '.'], { cwd: folder });
      return run('go', ['run', '.'], { cwd: folder, env });
    },
  },
};

const failed = [];
const skipped = [];
for (const [name, { missing, prepare, program, examples }] of Object.entries(LANGUAGES)) {
  const reason = missing();
  if (reason !== undefined) {
    skipped.push(`${name}: ${reason}`);
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), `nexus-${name}-`));
  let started = Date.now();
  const { server, seen, url } = await faultyProxy(process.env.NEXUS_URL);
  try {
    await prepare();
    const output = await program({ ...process.env, NEXUS_URL: url });
    deepStrictEqual(JSON.parse(output.trim().split('\n').at(-1)), EXPECTED);
    const [key] = seen.projects;
    // The invalid one is the last.
    deepStrictEqual(seen.projects.slice(0, 2), [key, key]);
    // An import may be over before it is followed.
    const cut = ['flow-runs', 'invocations', 'projects'].map((kind) => [kind, seen.cut.get(kind)]);
    deepStrictEqual(cut, cut.map(([kind]) => [kind, 2]));
    console.log(`passed ${name} in ${Math.round((Date.now() - started) / 1000)} s`);
    started = Date.now();
    expectPrinted(await examples(programOf(join(SDKS, name, 'README.md')), folder, process.env));
    console.log(`passed the examples of ${name} in ${Math.round((Date.now() - started) / 1000)} s`);
  } catch (error) {
    failed.push(name);
    console.error(`FAILED ${name}: ${error.message}`);
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
for (const one of skipped) console.log(`SKIPPED ${one}`);
process.exitCode = failed.length > 0 ? 1 : 0;
