import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../src/platform/database/embedded/engine-program.js';
import { temporaryDirectory } from '../support/database.js';
import { eventually, HttpClient } from '../support/http.js';

const WITHIN_MS = 120_000;
let data: string;
let signInFile: string;
let environment: Record<string, string>;
const kept = () => JSON.parse(readFileSync(signInFile, 'utf8')) as { email: string; password: string };
const processes: ChildProcess[] = [];

beforeEach(async () => {
  data = temporaryDirectory();
  signInFile = join(data, 'sign-in.json');
  environment = { PATH: process.env['PATH'] ?? '', NEXUS_DATA_DIR: data, API_PORT: String(await freePort()) };
});
afterEach(() => {
  for (const child of processes.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

interface Running {
  child: ChildProcess;
  said: () => string;
  ended: Promise<number | null>;
}

function run(program: string, words: string[] = [], more: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, ['--no-warnings', program, ...words], {
    env: { ...environment, ...more },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  processes.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said: () => said, ended };
}

/** @throws Error with what it said, when it ends before it serves. */
async function serving(): Promise<Running> {
  const running = run('dist/main.js');
  const isServing = await Promise.race([
    once(running.child, 'message').then(() => true),
    running.ended.then(() => false),
  ]);
  if (!isServing) throw new Error(running.said());
  return running;
}

const demo = (...words: string[]) => run('scripts/demo/demo.ts', words);
const says = (running: Running, text: string) =>
  eventually(
    () => Promise.resolve(running.said()),
    (said) => said.includes(text),
    WITHIN_MS,
  );

/** The process ids that the data directory names: the platform's and its database's. */
const holders = () => ['nexus.pid', 'engine.pid'].filter((file) => existsSync(join(data, file)));
const nothingRuns = () =>
  eventually(
    () => Promise.resolve(holders()),
    (files) => files.length === 0,
    WITHIN_MS,
  );
/** How to sign in and the address of the console end a start. They come by two channels, so either may be last. */
const lastLines = ({ said }: Running) => said().trim().split('\n').slice(-2).join('\n');

async function signsIn(password: string): Promise<number> {
  const http = new HttpClient(`http://127.0.0.1:${environment['API_PORT'] ?? ''}`);
  return (await http.post('/api/v1/auth/login', { email: 'admin@nexus.local', password })).status;
}

it('the sign-in of development survives a start that is killed, and a reset gives a new one', async () => {
  const first = await serving();
  const { password } = kept();
  await says(first, 'Sign in as');
  expect(lastLines(first)).toContain(
    `Sign in as admin@nexus.local with the password ${password} (generated; stored in ${signInFile})`,
  );
  first.child.kill('SIGKILL');
  await first.ended;

  const second = await serving();
  await says(second, 'Sign in as');
  expect(lastLines(second)).toContain(`Sign in as admin@nexus.local; the password is in ${signInFile}`);
  expect(await signsIn(password)).toBe(200);
  second.child.kill('SIGTERM');
  expect(await second.ended).toBe(0);

  const reset = spawnSync(process.execPath, ['--no-warnings', 'dist/commands/admin.js', 'reset'], {
    env: environment,
    encoding: 'utf8',
  });
  expect(reset).toMatchObject({
    status: 0,
    stdout: `Sign in as admin@nexus.local with the password ${kept().password}\n`,
  });
  expect(kept().password).not.toBe(password);
});

it('a reader that leaves, Ctrl-C and a requirement of two letters end the demo and what it started', async () => {
  const head = demo();
  await says(head, 'Starting Nexus');
  head.child.stdout?.destroy();
  expect(await head.ended).toBe(0);
  await nothingRuns();

  const interrupted = demo();
  await says(interrupted, 'Build proj_');
  interrupted.child.kill('SIGINT');
  expect(await interrupted.ended).toBe(130);
  expect(interrupted.said()).toMatch(/\nStopped\.\n$/);
  await nothingRuns();

  const short = demo('hi');
  expect(await short.ended).toBe(1);
  expect(short.said()).toMatch(
    /The demo ended: requirement must be longer than or equal to 10 characters\nTrace id req_\w+\n$/,
  );
  await nothingRuns();
});

it('a demo that is killed takes its platform along', async () => {
  const killed = demo();
  await says(killed, 'Build proj_');
  killed.child.kill('SIGKILL');
  await killed.ended;
  await nothingRuns();
});

it('a second demo uses the platform that runs, and what a demo built is there after a start', async () => {
  const platform = await serving();
  const [one, two] = [demo('An assistant that calculates discounts and totals for our shop'), demo()];
  await Promise.all([one.ended, two.ended]);
  for (const { said } of [one, two]) expect(said()).toContain('\nOpen\n');
  expect(one.said()).toContain(`Using Nexus at http://127.0.0.1:${environment['API_PORT']}`);
  expect(await signsIn(kept().password)).toBe(200);
  platform.child.kill('SIGTERM');
  await platform.ended;

  const third = demo();
  expect(await third.ended).toBe(0);
  expect(/total_agents +(\d+)/.exec(third.said())?.[1]).toBe('3');
});

it('a demo beside another program on the port says so, and names a port for the next start', async () => {
  const other = createServer().listen(Number(environment['API_PORT']), '127.0.0.1');
  await once(other, 'listening');
  const beside = demo();
  expect({ code: await beside.ended, said: beside.said() }).toMatchObject({ code: 0 });
  other.close();
  const port = Number(environment['API_PORT']);
  expect(beside.said()).toContain(`Port ${port} is in use by another program.\nStarting Nexus on http://127.0.0.1:`);
  expect(beside.said()).toContain(`Next: \`API_PORT=${port + 1} npm start\`, then open`);
});
