import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { load } from 'js-yaml';
import { Secret, TOTP } from 'otpauth';
import { startApp, type TestApp } from '../support/app.js';
import { freePort } from '../../src/platform/database/embedded/engine-program.js';
import { temporaryDirectory } from '../support/database.js';
import { builtAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { registeredAgent } from '../support/registered-agent.js';
import { noteSecrets } from '../support/suite-logs.js';

// Against a real platform: most commands in this process, one of each group as the program that `npm run build` writes.
const NEXUS = resolve('cli/dist/nexus.js');
const SOURCE = resolve('cli/src/program.ts');
const ADMIN = { email: 'cli@nexus.test', password: 'an administrator of the command line' };
const REQUIREMENT = 'A calculator assistant for our shop that works out discounts, totals and percentages.';
/** Stands in for the generator of Python clients, which is installed apart. */
const GENERATOR = `#!/bin/sh
mkdir -p out/api/default
echo 'def sync_detailed():' > out/api/default/list_books.py
echo > out/client.py
`;
const FLOW = `
name: Refund
definition:
  timeout_seconds: 600
  steps:
    - {id: person, approval: {roles: [admin], expires_seconds: 300}}
    - {id: paper, needs: [person], wait_for: {signal: papers, expires_seconds: 300}}
    - {id: hello, needs: [paper], transform: "Hello \${{ input.name }}"}
  output: "\${{ steps.hello.output }}"
`;
const BROKEN_FLOW = `
name: Broken
definition:
  timeout_seconds: 600
  steps:
    - {id: call, http: {url: "http://127.0.0.1:9/none"}, retry: {max_attempts: 1}}
`;

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

let app: TestApp;
let home: string;
let agent_id: string;
let project_id: string;
let api_key: string;
/** The sign-in that the other commands use. */
let signed: Ran;
const children: ChildProcess[] = [];

beforeAll(async () => {
  ({ run } = (await import(SOURCE)) as { run: Run });
  home = temporaryDirectory();
  writeFileSync(join(home, 'generator'), GENERATOR);
  chmodSync(join(home, 'generator'), 0o755);
  app = await startApp({
    ...{ NEXUS_ADMIN_EMAIL: ADMIN.email, NEXUS_ADMIN_PASSWORD: ADMIN.password },
    CLIENT_GENERATOR_PYTHON: join(home, 'generator'),
  });
  await eventually(
    () => app.http.anonymous().post('/api/v1/auth/login', ADMIN),
    ({ status }) => status === 200,
  );
  const [made, agent] = await Promise.all([
    app.http.post<{ api_key: string }>('/api/v1/api-keys', { name: 'work', roles: ['admin'] }),
    builtAgent(app.http, REQUIREMENT),
  ]);
  ({ agent_id, project_id } = agent);
  ({ api_key } = made.data);
  signed = await program(['login', '--url', app.url, '--api-key-stdin', '--profile', 'work'], `${api_key}\n`);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await app.close();
});

const file = (name: string): string => join(home, name);
const configFile = (): string => file('nexus/config.json');

function start(words: string[], env: Record<string, string> = {}): ChildProcess {
  const own = { PATH: process.env['PATH'] ?? '', HOME: home, XDG_CONFIG_HOME: home };
  const child = spawn(process.execPath, [NEXUS, ...words], { cwd: home, env: { ...own, ...env } });
  children.push(child);
  return child;
}

class Kept extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

type Run = (words: string[], world: object) => Promise<number>;
let run: Run;

/** A command in this process. */
async function nexus(words: string[], input = '', env: Record<string, string> = {}): Promise<Ran> {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const world = { stdin: Readable.from([input]), stdout, stderr, env: { HOME: home, XDG_CONFIG_HOME: home, ...env } };
  const code = await run(words, world);
  return { code, out: stdout.text, err: stderr.text };
}

/** The same as a process of its own. */
async function program(words: string[], input = '', env: Record<string, string> = {}): Promise<Ran> {
  const child = start(words, env);
  const said = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  child.stdin?.on('error', () => undefined).end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

/** Standard output as JSON. @throws Error when the command failed */
async function json<T = Record<string, unknown>>(words: string[], input = ''): Promise<T> {
  const { code, out, err } = await nexus([...words, '--json'], input);
  if (code !== 0) throw new Error(`nexus ${words.join(' ')} ended with ${code}: ${err}`);
  return JSON.parse(out) as T;
}

describe('sign-in', () => {
  it('without a key nothing is asked of the platform, and wrong input ends with its own exit codes', async () => {
    const env = { NEXUS_URL: app.url, XDG_CONFIG_HOME: file('empty') };
    const closed = `http://127.0.0.1:${await freePort()}`;
    const [none, wrong, unknown, group, excess, lost, open, version] = await Promise.all([
      nexus(['agents'], '', env),
      program(['agents', '--json'], '', { ...env, NEXUS_API_KEY: 'nxs_wrong' }),
      nexus(['agnets'], '', env),
      nexus(['flows', 'aply', '--json'], '', env),
      nexus(['whoami', '-o', 'xml'], '', env),
      nexus(['whoami', '--url', closed, '--api-key', 'nxs_x'], '', env),
      nexus(['whoami', '--url', 'http://nexus.example', '--api-key', 'nxs_x'], '', env),
      nexus(['--version']),
    ]);
    expect(none).toEqual({
      ...{ code: 3, out: '' },
      err: `Not signed in to ${app.url}\nSign in: nexus login. Or set NEXUS_API_KEY\n`,
    });
    expect([wrong.code, wrong.out]).toEqual([3, '']);
    expect(JSON.parse(wrong.err)).toMatchObject({
      error: { exit_code: 3, trace_id: expect.stringMatching(/^req_/) as unknown },
    });
    expect([unknown.code, unknown.err]).toEqual([
      2,
      "unknown command 'agnets'\n(Did you mean agents?)\nRun with --help for the options.\n",
    ]);
    expect([group.code, group.err]).toEqual([
      2,
      expect.stringContaining("unknown command 'aply'. Commands: ls, get, apply,"),
    ]);
    expect([excess.code, excess.err]).toEqual([2, expect.stringContaining('Allowed choices are table, json, yaml')]);
    expect([lost.code, lost.err]).toEqual([5, expect.stringContaining('connect ECONNREFUSED 127.0.0.1')]);
    expect([open.code, open.err]).toEqual([3, expect.stringContaining('Refused to send a secret over plain http')]);
    const { version: own } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(version).toEqual({ code: 0, out: `${own}\n`, err: '' });
  });

  it('with email, password and second factor makes a key, which logout revokes', async () => {
    const { access_token } = (await app.http.anonymous().post('/api/v1/auth/login', ADMIN)).body as unknown as {
      access_token: string;
    };
    const account = { authorization: `Bearer ${access_token}` };
    const enabled = await app.http
      .anonymous()
      .post<never>('/api/v1/auth/totp/enable', { password: ADMIN.password }, account);
    const { secret } = enabled.body as unknown as { secret: string };
    const totp = new TOTP({ secret: Secret.fromBase32(secret) });
    const confirmed = await app.http.anonymous().post('/api/v1/auth/totp/confirm', { code: totp.generate() }, account);
    const { recovery_codes } = confirmed.body as unknown as { recovery_codes: string[] };
    const [code = '', second = ''] = recovery_codes;
    const login = ['login', '--url', app.url, '--profile', 'second', '--email', ADMIN.email, '--password-stdin'];
    expect(await nexus([...login, '--code', code], 'wrong\n')).toMatchObject({ code: 3, out: '' });
    const signed = await nexus([...login, '--code', code, '--roles', 'developer,viewer'], `${ADMIN.password}\n`);
    expect(signed).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^signed in as {2}cli@nexus\.test\n/) as unknown,
    });
    const { api_key, key_id } = profileOf('second');
    expect(signed.out + signed.err).not.toContain(api_key.slice(4));
    expect(await json(['whoami', '--profile', 'second'])).toMatchObject({
      roles: ['developer', 'viewer'],
      via: 'api_key',
    });
    const denied = await nexus(['keys', '--profile', 'second']);
    expect([denied.code, denied.err]).toEqual([3, expect.stringMatching(/Trace id req_\w+\n$/)]);
    const own = await json<{ key_id: string }[]>(['keys', '--own', '--profile', 'second']);
    expect(own.map((key) => key.key_id)).toEqual([key_id]);
    expect(await nexus(['logout', '--profile', 'second'])).toMatchObject({ code: 0, err: '' });
    expect((await nexus(['whoami', '--url', app.url], '', { NEXUS_API_KEY: api_key })).code).toBe(3);
    await app.http.anonymous().post('/api/v1/auth/totp/disable', { password: ADMIN.password, code: second }, account);
    expect(await nexus([...login], `${ADMIN.password}\n`)).toMatchObject({ code: 0 });
    const revoked = profileOf('second').api_key;
    expect(await nexus(['logout', '--profile', 'second'])).toMatchObject({
      out: expect.stringMatching(/^removed {2}profile second\nrevoked {2}key_\w+\n$/) as unknown,
    });
    const gone = await nexus(['whoami', '--url', app.url], '', { NEXUS_API_KEY: revoked });
    expect(gone.code).toBe(3);
  });

  it('takes no role: a viewer gets a key of their own with that role', async () => {
    const given = { email: 'viewer@nexus.test', roles: ['viewer'] };
    const { data } = await app.http.post<{ invitation_token: string }>('/api/v1/organizations/default/members', given);
    const { invitation_token } = noteSecrets(data);
    const joining = { invitation_token, name: 'Vi', password: 'nine amber kettles' };
    await app.http.anonymous().post('/api/v1/auth/invitations/accept', joining);
    const login = ['login', '--url', app.url, '--profile', 'viewer', '--email', given.email, '--password-stdin'];
    expect(await nexus([...login, '--roles', 'developer'], joining.password)).toMatchObject({
      code: 3,
      err: expect.stringContaining('You cannot grant roles that you do not have') as unknown,
    });
    expect(await nexus(login, joining.password)).toMatchObject({ code: 0 });
    const { key_id, api_key: key } = profileOf('viewer');
    expect(await json(['whoami', '--profile', 'viewer'])).toMatchObject({ roles: ['viewer'], via: 'api_key' });
    expect((await nexus(['keys', '--profile', 'viewer'])).code).toBe(3);
    expect(await json(['logout', '--profile', 'viewer'])).toEqual({ profile: 'viewer', removed: true, revoked: true });
    expect((await nexus(['whoami', '--url', app.url], '', { NEXUS_API_KEY: key })).code).toBe(3);
    expect(await json<{ key_id: string }[]>(['keys', '--profile', 'work'])).not.toContainEqual(
      expect.objectContaining({ key_id }),
    );
  });

  it('with an API key keeps a profile that only its owner can read, and later commands use it', async () => {
    expect([signed.code, signed.out.includes(api_key.slice(4))]).toEqual([0, false]);
    expect([statSync(configFile()).mode & 0o777, statSync(file('nexus')).mode & 0o777]).toEqual([0o600, 0o700]);
    const [wrong, me, profiles, table, unknown] = await Promise.all([
      nexus(['login', '--url', app.url, '--api-key-stdin', '--profile', 'wrong'], 'nxs_wrong'),
      json(['whoami']),
      json<{ name: string }[]>(['profiles']),
      program(['whoami']),
      nexus(['profiles', 'use', 'wrok']),
      nexus(['profiles', 'use', 'work']),
    ]);
    expect([wrong.code, profileNames().includes('wrong')]).toEqual([3, false]);
    expect(me).toMatchObject({ url: app.url, email: 'developer@default.test', roles: ['admin'], via: 'api_key' });
    expect(profiles.find(({ name }) => name === 'work')).toEqual({ name: 'work', current: true, url: app.url });
    expect(table.out).toMatch(
      /^user {10}developer@default\.test\norganization {2}Default \(default\)\nroles {9}admin\n/,
    );
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringMatching(/^There is no profile wrok\nProfiles: /)]);
  });

  it('keys are made, listed and revoked', async () => {
    const made = await json<{ api_key: string; key_id: string }>([
      ...['keys', 'create', 'robot', '--roles', 'viewer,developer', '--expires-days', '1'],
    ]);
    const { key_id } = noteSecrets(made);
    const keys = await json<{ key_id: string; name: string }[]>(['keys']);
    expect(keys.find((key) => key.key_id === key_id)).toMatchObject({ name: 'robot', roles: ['viewer', 'developer'] });
    expect(await program(['keys', 'rm', key_id])).toEqual({ code: 0, out: `revoked  ${key_id}\n`, err: '' });
    expect((await nexus(['whoami'], '', { NEXUS_API_KEY: made.api_key })).code).toBe(3);
    expect((await nexus(['keys', 'rm', key_id])).code).toBe(4);
  });
});

describe('from a paragraph to an agent that answers', () => {
  it('build shows the six stages and the coverage, and shows them again by the id of the build', async () => {
    const [built, refused] = await Promise.all([
      program(['build', '-', '--agent-name', 'shop_totals'], REQUIREMENT),
      nexus(['build', 'hi']),
    ]);
    expect(built).toMatchObject({ code: 0, err: '' });
    const id = /^Build (proj_\w+)\n/.exec(built.out)?.[1] ?? '';
    expect(built.out).toMatch(new RegExp(`\nTalk to it: nexus chat ${id}:\\w+\n$`));
    const stages = [...built.out.matchAll(/^ {2}✓ (\d\/6 [\w ]+)$/gm)].map(([, name]) => name);
    expect(stages).toEqual([
      ...['1/6 Orchestrator', '2/6 Requirements analysis', '3/6 System architecture', '4/6 Agent design'],
      ...['5/6 Agent development', '6/6 Agent deployment'],
    ]);
    expect(built.out).toContain('coverage  1 of 1 requirements are proven by acceptance examples\n');
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining('  requirement must be longer than or equal to 10 characters\n'),
    ]);
    const again = await nexus(['build', id, '--json']);
    expect(JSON.parse(again.out)).toMatchObject({ project_id: id, status: 'completed', coverage: { proven: 1 } });
  });

  it('a build that fails ends with 1 and says why; a detached one prints its id', async () => {
    const [failed, detached] = await Promise.all([
      nexus(['build', 'Make it good and nice, somehow, please.']),
      json<{ project_id: string }>([
        'build',
        REQUIREMENT,
        '--detach',
        '--name',
        'Other',
        '--agent-name',
        'other_totals',
        '--tag',
        'a,b',
      ]),
    ]);
    expect([failed.code, failed.err]).toEqual([1, expect.stringMatching(/^The build ended as failed: .+\n.+\n$/)]);
    const project = await json(['projects', 'get', detached.project_id]);
    expect(project).toMatchObject({ project_name: 'Other', tags: ['a', 'b'] });
    const removed = await nexus(['projects', 'rm', detached.project_id]);
    expect([removed.code, removed.err]).toEqual([2, expect.stringContaining('there is no terminal to prompt on')]);
  });

  it('projects are listed, paged and controlled, and their artifacts printed', async () => {
    const [listed, artifacts, printed, stopped, missing] = await Promise.all([
      json<{ project_id: string }[]>(['projects', '--search', 'calculator', '--limit', '1']),
      program(['projects', 'artifacts', project_id]),
      nexus(['projects', 'artifacts', project_id, 'requirements.json']),
      nexus(['projects', 'stop', project_id]),
      nexus(['projects', 'get', 'proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R']),
    ]);
    expect(listed).toHaveLength(1);
    expect(artifacts.out).toMatch(/^PATH +STAGE +BYTES\n/);
    expect(JSON.parse(printed.out)).toMatchObject({ acceptance_examples: expect.any(Array) as unknown });
    expect([stopped.code, missing.code]).toEqual([1, 4]);
    for (const action of ['pause', 'resume']) {
      const refused = await nexus(['projects', action, project_id]);
      expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/Trace id req_\w+\n$/)]);
    }
    const again = await json<{ project_id: string }>(['build', REQUIREMENT, '-d', '--agent-name', 'again_totals']);
    await nexus(['build', again.project_id]);
    const restarted = await json(['projects', 'restart', again.project_id, '--from-scratch', '--reason', 'once more']);
    expect(restarted).toMatchObject({ action: 'restart', attempt: 2, reason: 'once more' });
    expect(await json(['build', again.project_id])).toMatchObject({ status: 'completed', attempt: 2 });
    expect(await nexus(['agents', 'rm', `${again.project_id}:again_totals`, '--yes'])).toMatchObject({ code: 0 });
    expect(await nexus(['projects', 'rm', again.project_id, '-y'])).toMatchObject({ code: 0 });
    expect((await nexus(['projects', 'get', again.project_id])).code).toBe(4);
    expect(missing.err).toMatch(/^Project not found\n.+\nTrace id req_\w+\n$/);
  });

  it('invoke prints the answer alone, reads standard input, and takes the name of an agent', async () => {
    const [answer, traced, run, none] = await Promise.all([
      program(['invoke', agent_id, '-'], 'What is 1234 * 56?\n'),
      nexus(['invoke', agent_id.split(':')[1] ?? '', 'What is 15% of 80?', '--trace']),
      json(['invoke', agent_id, 'What is 2 + 2?']),
      nexus(['invoke', 'nobody', 'What is 2 + 2?']),
    ]);
    expect(answer).toEqual({ code: 0, out: '1234 * 56 = 69,104.\n', err: '' });
    expect(traced.out).toBe('15% of 80 = 12.\n');
    expect(traced.err).toMatch(
      /^→ calculator \{"expression":"15% of 80"\}\n← .*"result":"12".*\nmodel nexus\/offline +▬/,
    );
    expect(run).toMatchObject({ agent_id, output: '2 + 2 = 4.', status: 'success' });
    expect([none.code, none.err]).toEqual([4, 'There is no agent nobody\nnexus agents lists them.\n']);
  });

  it('chat keeps one session for all messages, shows tool calls and the trace, and ends at /exit', async () => {
    const talk = 'My name is Ada\nWhat is 10% of 50?\n/trace\nWhat is my name?\n/exit\nnot sent\n';
    const { code, out } = await program(['chat', agent_id], talk);
    expect(code).toBe(0);
    expect(out).toMatch(
      /you {4}What is 10% of 50\?\n {7}→ calculator .*\n {7}← .*\nagent {2}10% of 50 = 5\.\n {7}model /,
    );
    expect(out).toMatch(/you {4}What is my name\?\nagent {2}Your name is Ada\.\nContinue: nexus chat/);
    expect(out).not.toContain('not sent');
    const session_id = /--session (sess_\w+)\n$/.exec(out)?.[1] ?? '';
    const [listed, messages, more] = await Promise.all([
      json<{ session_id: string; message_count: number }[]>(['sessions', 'ls', agent_id]),
      json<{ role: string; content: string }[]>(['sessions', 'get', session_id]),
      nexus(['chat', agent_id, '--session', session_id, '--json'], 'Do you still know my name?\n'),
    ]);
    expect(listed.find((one) => one.session_id === session_id)).toBeDefined();
    expect(messages.slice(0, 2)).toMatchObject([{ role: 'user', content: 'My name is Ada' }, { role: 'assistant' }]);
    expect(JSON.parse(more.out)).toMatchObject({ session_id, output: expect.stringContaining('Ada') as unknown });
    expect(await program(['sessions', 'rm', session_id])).toEqual({
      code: 0,
      out: `deleted  ${session_id}\n`,
      err: '',
    });
  });

  it('agents and runs are listed and shown', async () => {
    await nexus(['invoke', agent_id, 'What is 7 * 6?']);
    const [agents, agent, versions, runs, background] = await Promise.all([
      program(['agents', '-o', 'yaml', '--search', 'calculator']),
      nexus(['agents', 'get', agent_id]),
      json<{ version: string; current: boolean }[]>(['agents', 'versions', agent_id]),
      json<{ invocation_id: string; input_text: string }[]>(['runs', 'ls', agent_id, '--all']),
      json<{ invocation_id: string }>(['invoke', agent_id, 'What is 3 + 3?', '--background']),
    ]);
    expect((load(agents.out) as { agent_id: string }[]).map((one) => one.agent_id)).toContain(agent_id);
    expect(agent.out).toMatch(new RegExp(`^agent +${agent_id}\n.*\nstatus +running\nversion +v1\\.0\\.0\n`));
    expect(versions).toMatchObject([{ version: 'v1.0.0', current: true }]);
    expect(runs.map(({ input_text }) => input_text)).toContain('What is 7 * 6?');
    const { invocation_id } = background;
    const shown = await eventually(
      () => nexus(['runs', 'get', invocation_id]),
      ({ out }) => out.includes('status   success'),
    );
    expect(shown.out).toMatch(/\noutput {3}3 \+ 3 = 6\.\ntrace {4}model nexus\/offline/);
    const [late, none, rolled] = await Promise.all([
      nexus(['runs', 'cancel', invocation_id]),
      nexus(['runs', 'approve', invocation_id]),
      nexus(['agents', 'rollback', agent_id, 'v9.9.9']),
    ]);
    expect([late.code, none.code, rolled.code]).toEqual([1, 1, 4]);
  });
});

it('a team is applied, shown, printed as apply reads it, named in the trace, and removed', async () => {
  await registeredAgent(app, { agent_name: 'desk' });
  expect(await nexus(['teams', 'get', 'desk'])).toMatchObject({ code: 0, out: '', err: 'The agent has no team.\n' });
  const team = `
- {name: billing, description: Works out prices and totals, role: the billing specialist, system_prompt: You work out prices.,
   tools: [{kind: builtin, name: calculator}], documents: []}
- {name: shipping, description: Knows delivery times, role: the shipping specialist, system_prompt: You know delivery times.}
`;
  const [named, broken, empty] = [
    await nexus(['teams', 'apply', 'desk', '-f', '-'], team.replace('name: shipping', 'name: billing')),
    await nexus(['teams', 'apply', 'desk', '-f', '-'], '- {name: x'),
    await nexus(['teams', 'apply', 'desk', '-f', '-'], '[]'),
  ];
  expect([named.code, broken.code, empty.code]).toEqual([2, 2, 2]);
  expect(named.err).toContain('team');
  expect(empty.err).toBe('- does not contain a list of members\nnexus teams rm removes a team.\n');
  const applied = await nexus(['teams', 'apply', 'desk', '-f', '-'], team);
  expect(applied.out).toBe('agent    proj_test:desk\nversion  v1.0.1\nmembers  billing, shipping\n');
  const shown = await nexus(['teams', 'get', 'desk']);
  expect(shown.out).toMatch(
    /^NAME +MODEL +TOOLS +DOCUMENTS +DESCRIPTION\nbilling +the agent's +calculator +Works out .*\nship/,
  );
  const { out: yaml } = await nexus(['teams', 'get', 'desk', '-o', 'yaml']);
  expect(await nexus(['teams', 'apply', 'desk', '-f', '-'], yaml)).toMatchObject({ code: 0 });
  const asked = await nexus(['invoke', 'desk', 'What is the total price of 3 * 20?', '--trace']);
  expect(asked.out).toContain('60');
  expect(asked.err).toMatch(/\n→ billing: calculator .*\n[^]*\ntool {2}billing: calculator /);
  expect(await nexus(['teams', 'rm', 'desk'])).toMatchObject({ code: 0 });
  expect((await nexus(['teams', 'get', 'desk'])).err).toBe('The agent has no team.\n');
});

it('a version is rolled out, compared and promoted', async () => {
  const { path } = await registeredAgent(app, { agent_name: 'rolled' });
  await app.http.put(`${path}/definition`, { revision: 1, system_prompt: 'Second.' });
  await app.http.post(`${path}/rollback`, { version: 'v1.0.0' });
  expect(await nexus(['agents', 'rollout', 'rolled'])).toMatchObject({ code: 4 });
  expect(await nexus(['agents', 'rollout', 'rolled', '--version', 'v1.0.1'])).toMatchObject({ code: 2 });
  expect(await nexus(['agents', 'rollout', 'rolled', '--promote', '--stop'])).toMatchObject({ code: 2 });
  const started = await nexus(['agents', 'rollout', 'rolled', '--version', 'v1.0.1', '--percent', '10']);
  expect(started.out).toMatch(/^agent {4}proj_test:rolled\nrollout {2}running\nstarted {2}.*\n\nVERSION {2}ROLE .*\n/);
  expect(started.out).toMatch(/\nv1\.0\.0 +current +90 % +0 +0 +\$0\nv1\.0\.1 +candidate +10 % +0 +0 +\$0\n$/);
  const { data } = await app.http.get<{ revision: number }>(path);
  const raised = await json<{ candidate: { percent: number }; revision: number }>([
    ...['agents', 'rollout', 'rolled', '--percent', '50'],
  ]);
  expect(raised).toMatchObject({ candidate: { percent: 50 }, revision: data.revision + 1 });
  expect(await json(['agents', 'rollout', 'rolled', '--stop'])).toMatchObject({ status: 'stopped' });
  expect(await nexus(['agents', 'rollout', 'rolled', '--percent', '50'])).toMatchObject({ code: 2 });
  await nexus(['agents', 'rollout', 'rolled', '--version', 'v1.0.1', '--percent', '10']);
  expect(await json(['agents', 'rollout', 'rolled', '--promote'])).toMatchObject({ status: 'promoted' });
  expect(await json(['agents', 'get', 'rolled'])).toMatchObject({ version: 'v1.0.1', rollout: null });
});

it('a run that waits for an approval is named, and goes on when it is approved', async () => {
  const guarded = await registeredAgent(app, { agent_name: 'guarded', tools: ['calculator'] });
  await app.http.put(guarded.path, { requires_approval: ['calculator'] });
  const asked = await nexus(['invoke', 'guarded', 'What is 2 * 3?']);
  expect([asked.code, asked.out]).toEqual([1, '']);
  const run =
    /The run (inv_\w+) waits for an approval of calculator \{"expression":"2 \* 3"\}\n/.exec(asked.err)?.[1] ?? '';
  expect(asked.err).toContain(`nexus runs approve ${run}`);
  expect(await program(['runs', 'approve', run])).toEqual({ code: 0, out: 'approved  calculator\n', err: '' });
  const ended = await eventually(
    () => app.http.get<{ status: string }>(`/api/v1/invocations/${run}`),
    ({ data }) => data.status !== 'waiting' && data.status !== 'running',
  );
  expect(ended.data).toMatchObject({ status: 'success', output: '2 * 3 = 6.' });
  const other = await nexus(['invoke', 'guarded', 'What is 4 * 5?']);
  const rejected = await nexus(['runs', 'reject', /inv_\w+/.exec(other.err)?.[0] ?? '', '--comment', 'not today']);
  expect(rejected).toEqual({ code: 0, out: 'rejected  calculator\n', err: '' });
});

describe('flows', () => {
  it('are applied from a file, run to an approval and a signal, and followed to their end', async () => {
    writeFileSync(file('refund.yaml'), FLOW);
    const [faulty, valid] = await Promise.all([
      program(['flows', 'apply', '-f', '-'], FLOW.replace('needs: [paper]', 'needs: [papre]')),
      nexus(['flows', 'validate', '-f', file('refund.yaml')]),
    ]);
    expect([faulty.code, faulty.err]).toEqual([
      2,
      expect.stringMatching(/^The definition has \d faults?\n {2}steps\[2\].*papre/),
    ]);
    expect(valid).toMatchObject({ code: 0 });
    const applied = await json<{ flow_id: string; version: number }>(['flows', 'apply', '-f', file('refund.yaml')]);
    expect(applied).toMatchObject({ name: 'Refund', status: 'published', version: 1 });
    const exported = await nexus(['flows', 'get', 'Refund', '-o', 'yaml']);
    const changed = await nexus(['flows', 'apply', '-f', '-'], exported.out.replace('Hello', 'Welcome'));
    expect(changed.out).toBe(`changed  Refund (${applied.flow_id})\nstatus   published, version 2\n`);
    const { run_id } = await json<{ run_id: string }>(['flows', 'run', 'Refund', '--detach', '-i', '{name: Ada}']);
    const following = start(['flows', 'logs', '-f', run_id]);
    let log = '';
    following.stdout?.setEncoding('utf8').on('data', (text: string) => (log += text));
    const closed = once(following, 'close');
    await eventually(
      () => Promise.resolve(log),
      (text) => text.includes('step.waiting'),
    );
    expect((await nexus(['flows', 'logs', run_id])).out).toMatch(/ step\.waiting +\{.*"waits_for":"approval"/);
    expect(await nexus(['flows', 'approve', run_id, '--comment', 'known'])).toMatchObject({
      ...{ code: 0, err: '' },
      out: expect.stringMatching(/^approved {2}person\nstatus {4}\w+\n$/) as unknown,
    });
    expect(await nexus(['flows', 'signal', run_id, 'papers', '--data', '{"pages": 2}'])).toMatchObject({ code: 0 });
    expect(await closed).toEqual([0, null]);
    expect(log).toMatch(/ run\.ended +\{"status":"completed".*\n$/);
    const [run, runs, twice] = await Promise.all([
      json(['flows', 'get', run_id]),
      json<{ run_id: string }[]>(['flows', 'runs', 'Refund', '--status', 'completed']),
      nexus(['flows', 'reject', run_id]),
    ]);
    expect(run).toMatchObject({ status: 'completed', output: 'Welcome Ada' });
    expect(runs.map((one) => one.run_id)).toEqual([run_id]);
    expect([twice.code, twice.err]).toEqual([1, `No step of ${run_id} waits for a person\n`]);
  });

  it('that fail end with 1, become dead letters that can be replayed, and a cancelled run says so', async () => {
    await nexus(['flows', 'apply', '-f', '-'], BROKEN_FLOW);
    await nexus(['flows', 'apply', '-f', '-'], FLOW.replace('Refund', 'Waiting'));
    const [ran, waiting] = await Promise.all([
      nexus(['flows', 'run', 'Broken']),
      json<{ run_id: string }>(['flows', 'run', 'Waiting', '-d', '-i', '{name: Bob}']),
    ]);
    expect([ran.code, ran.err]).toEqual([1, 'The run ended as failed\n']);
    expect(ran.out).toMatch(/^Run frun_\w+\n {2}✗ call /);
    const [letter] = await json<{ dead_letter_id: string }[]>(['flows', 'dead-letters', 'ls', 'Broken']);
    const id = letter?.dead_letter_id ?? '';
    const replayed = await nexus(['flows', 'dead-letters', 'replay', id]);
    expect([replayed.code, replayed.out]).toEqual([1, expect.stringContaining('  ✗ call ')]);
    expect(await json(['flows', 'pause', waiting.run_id])).toMatchObject({ status: 'paused' });
    expect(await json(['flows', 'resume', waiting.run_id])).toMatchObject({ run_id: waiting.run_id });
    // The replay took the letter, and its failure left another.
    const [left] = await json<{ dead_letter_id: string }[]>(['flows', 'dead-letters', 'ls', 'Broken']);
    const next = left?.dead_letter_id ?? '';
    expect(next).not.toBe(id);
    expect(await nexus(['flows', 'dead-letters', 'rm', next])).toEqual({ code: 0, out: `deleted  ${next}\n`, err: '' });
    const failedRun = /frun_\w+/.exec(ran.out)?.[0] ?? '';
    expect(await json(['flows', 'retry', failedRun])).toMatchObject({ run_id: failedRun });
    const cancelled = await nexus(['flows', 'cancel', waiting.run_id, '--reason', 'not needed']);
    expect([cancelled.code, cancelled.out]).toEqual([0, expect.stringContaining(`run     ${waiting.run_id}\n`)]);
    const [flows, missing] = await Promise.all([json<{ name: string }[]>(['flows']), nexus(['flows', 'run', 'None'])]);
    expect(flows.map(({ name }) => name)).toEqual(expect.arrayContaining(['Broken', 'Waiting']));
    expect([missing.code, missing.err]).toEqual([4, 'There is no flow None\nnexus flows lists them.\n']);
  });
});

describe('integrations', () => {
  it('are imported from a file, listed, mocked, called, and their clients are written', async () => {
    const added = await nexus([
      'integrations',
      'add',
      resolve('test/apis/documents/books.openapi-3.1.yaml'),
      '--name',
      'Books',
    ]);
    expect(added).toMatchObject({ code: 0, err: '' });
    const id = /Importing (\w+)\n/.exec(added.out)?.[1] ?? '';
    expect(added.out).toMatch(/\nstatus +ready\napi +Books 1\.2\.0\nformat +openapi 3\.1/);
    expect(await nexus(['integrations', 'mock', id, 'instead'])).toMatchObject({
      ...{ code: 0, out: `mock     instead\naddress  ${app.url}/mock/${id}\n` },
    });
    const [list, shown, operations, called, invalid, findings, client, broken] = await Promise.all([
      json<{ name: string }[]>(['integrations']),
      json(['integrations', 'get', id]),
      program(['integrations', 'operations', id, '--risk', 'read']),
      nexus(['integrations', 'call', id, 'listBooks', '-i', '{limit: 2}']),
      nexus(['integrations', 'call', id, 'listBooks', '-i', '{limit: 200}']),
      json(['integrations', 'findings', id]),
      nexus(['integrations', 'client', id, '--language', 'python', '-o', file('books.zip')]),
      nexus(['integrations', 'add', '-', '--name', 'None'], 'no document'),
    ]);
    expect(list.map(({ name }) => name)).toContain('Books');
    expect(shown).toMatchObject({ name: 'Books', status: 'ready', mock: 'instead' });
    expect(operations.out).toMatch(/^NAME +RISK +METHOD +PATH +SUMMARY\nlistBooks +read +GET +\/books +Lists books\n/);
    expect(JSON.parse(called.out)).toMatchObject({ items: expect.any(Array) as unknown });
    expect([called.code, called.err]).toEqual([0, expect.stringMatching(/^GET \/books returned 200 in /)]);
    expect([invalid.code, broken.code]).toEqual([2, 2]);
    expect(findings).toMatchObject({
      score: expect.any(Number) as unknown,
      counts: { error: expect.any(Number) as unknown },
    });
    expect(client).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^wrote {2}.*books\.zip, \d+ bytes\n$/) as unknown,
    });
    expect(readFileSync(file('books.zip')).subarray(0, 2).toString()).toBe('PK');
    expect(await nexus(['integrations', 'rm', id, '--yes'])).toMatchObject({ code: 0, out: `deleted  ${id}\n` });
  });
});

describe('the platform', () => {
  it('statistics, decisions and readiness are shown', async () => {
    const context = '{name: Tea, estimated_cost: 1000, expected_revenue: 5000, budget: 2000, estimated_days: 30}';
    const [stats, days, decided, ready] = await Promise.all([
      json(['stats']),
      program(['stats', 'invocations', '--agent', agent_id]),
      json<{ decision_id: string; decision: string }>(['decisions', 'create', '-c', '-', '--seed', '7'], context),
      program(['readiness', '--json']),
    ]);
    expect(stats).toMatchObject({ total_agents: expect.any(Number) as unknown });
    expect(days).toMatchObject({ code: 0, err: expect.stringMatching(/^$|There are no runs/) as unknown });
    const { decision_id, decision } = decided;
    const outcome = await program(['decisions', 'outcome', decision_id, 'success', '--cost', '900', '--days', '20']);
    expect(outcome.out).toMatch(new RegExp(`^decision +${decision} \\(${decision_id}\\)\n[^]*\noutcome +success\n$`));
    expect(await json<unknown[]>(['decisions', '--limit', '1'])).toMatchObject([{ decision_id }]);
    expect(await json(['decisions', 'get', decision_id])).toMatchObject({ decision_id, outcome: { success: true } });
    expect((await nexus(['stats', 'builds'])).code).toBe(0);
    expect([ready.code, JSON.parse(ready.out)]).toEqual([1, expect.objectContaining({ overall_status: 'not_ready' })]);
  });

  it('open prints the address of the page of an id', async () => {
    const [agent, decision, none] = await Promise.all([
      program(['open', agent_id]),
      nexus(['open', 'dec_01KAG4ZQ4N5B1M6Z6K0TQX0N3R', '--print']),
      nexus(['open', 'what']),
    ]);
    expect(agent).toEqual({ code: 0, out: `${app.url}/console/agents/${encodeURIComponent(agent_id)}\n`, err: '' });
    expect(decision.out).toBe(`${app.url}/console/orchestration/decisions/dec_01KAG4ZQ4N5B1M6Z6K0TQX0N3R\n`);
    expect([none.code, none.err]).toEqual([2, 'what is not an id with a page in the console\n']);
  });

  it('doctor finds nothing on a healthy platform, and otherwise names what is wrong with the fix', async () => {
    const other = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    chmodSync(configFile(), 0o644);
    const [exposed, foreign, dead, wrongKey] = await Promise.all([
      nexus(['doctor']),
      nexus(['doctor', '--url', otherUrl, '--api-key', 'nxs_x']),
      nexus(['doctor', '--url', `http://127.0.0.1:${await freePort()}`]),
      program(['doctor', '--json', '--api-key', 'nxs_x']),
    ]);
    chmodSync(configFile(), 0o600);
    other.close();
    expect([exposed.code, exposed.out]).toEqual([1, expect.stringContaining(`chmod 600 ${configFile()}`)]);
    expect(foreign.out).toContain(`${otherUrl} returned status 200, but is not Nexus`);
    expect(dead.out).toContain('does not respond: connect ECONNREFUSED');
    const { healthy, checks } = JSON.parse(wrongKey.out) as {
      healthy: boolean;
      checks: { name: string; status: string }[];
    };
    expect([healthy, checks.find(({ name }) => name === 'key')?.status]).toEqual([false, 'fail']);
    const well = await json<{ healthy: boolean; checks: { name: string; status: string }[] }>(['doctor']);
    expect(well.healthy).toBe(true);
    expect(well.checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
      ...['config pass', 'address pass', 'connection pass', 'ready pass', 'clock pass', 'version pass', 'key pass'],
    ]);
  });
});

it('doctor names the checks that keep a platform from being ready', async () => {
  const answers: Record<string, [status: number, body: object]> = {
    '/health/ready': [
      503,
      {
        success: false,
        error: {
          ...{ code: 'DATABASE_ERROR', message: 'The platform is not ready', suggestion: 'Retry.', trace_id: 'req_1' },
          details: { checks: { database: { status: 'down', message: 'Tables are missing' }, engine: {} } },
        },
      },
    ],
    '/health/detailed': [
      200,
      {
        success: true,
        data: { version: '1.0.0', checks: { disk: { status: 'unhealthy', message: '1 % free' } } },
      },
    ],
  };
  const refusal = { code: 'UNAUTHENTICATED', message: 'No', suggestion: '', trace_id: 'req_2', details: {} };
  const unready = createServer(({ url = '' }, response) => {
    const [status, body] = answers[url] ?? [401, { success: false, error: refusal }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(unready, 'listening');
  const url = `http://127.0.0.1:${(unready.address() as AddressInfo).port}`;
  const { code, out } = await nexus(['doctor', '--json', '--url', url, '--api-key', 'nxs_x']);
  unready.close();
  const { checks } = JSON.parse(out) as { checks: { name: string; status: string; message: string; fix?: string }[] };
  expect([code, checks.filter(({ name }) => ['connection', 'ready', 'disk'].includes(name))]).toEqual([
    1,
    [
      { name: 'connection', status: 'pass', message: expect.stringMatching(/^responds in/) as string },
      {
        ...{ name: 'ready', status: 'fail', message: 'Not ready: database (Tables are missing), engine' },
        fix: 'Wait until it has started, or check its log',
      },
      {
        ...{ name: 'disk', status: 'fail', message: '1 % free' },
        fix: 'See docs/runbooks, or the log of the platform',
      },
    ],
  ]);
});

describe('the process', () => {
  it('shows no key to those who list processes, and ends at Ctrl-C with 130', async () => {
    const child = start(['chat', agent_id, '--url', app.url, '--api-key', api_key]);
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
    const closed = once(child, 'close');
    await eventually(
      () => Promise.resolve(said),
      (text) => text.includes('/exit ends'),
    );
    if (process.platform === 'linux')
      expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').replaceAll('\0', '')).toBe('nexus');
    child.kill('SIGINT');
    expect(await closed).toEqual([130, null]);
  });

  it('stops quietly when its reader has left', () => {
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['-c', 'set -o pipefail; "$0" "$1" --help | head -1; echo "${PIPESTATUS[0]}"', process.execPath, NEXUS],
      { encoding: 'utf8' },
    );
    expect([status, stdout, stderr]).toEqual([0, 'Usage: nexus [options] [command]\n0\n', '']);
  });

  /** What a shell prints, whose completion of commands and ids is asked for with `complete_line`. */
  const completed = async (shell: string, words: string[], script: string): Promise<string[]> => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: home, XDG_CONFIG_HOME: home, TERM: 'dumb' };
    const child = spawn(shell, [...words, `${script}\n`], {
      env: { ...env, NODE: process.execPath, PROGRAM: NEXUS, AGENT: agent_id.slice(0, -3) },
      timeout: 60_000,
    });
    children.push(child);
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    await once(child, 'close');
    return out.split('\n');
  };
  const has = (shell: string): boolean => {
    const isThere = spawnSync(shell, ['--version'], { stdio: 'ignore' }).status === 0;
    if (!isThere) process.stderr.write(`LEFT OUT: ${shell} is not installed, so its completion is not tested\n`);
    return isThere;
  };

  it('completes commands and ids in bash', async () => {
    const script = `
      nexus() { "$NODE" "$PROGRAM" "$@"; }
      eval "$(nexus completion bash)"
      complete_line() {
        COMP_LINE=$1 COMP_POINT=\${#1}
        _nexus
        printf '%s|' "\${COMPREPLY[@]}"
        echo
      }
      complete_line "nexus integ"
      complete_line "nexus flows dead-letters "
      complete_line "nexus -o "
      complete_line "nexus chat proj_"
      complete_line "nexus chat $AGENT"
    `;
    const lines = await completed('bash', ['--norc', '-c'], script);
    expect(lines.slice(0, 3)).toEqual(['integrations|', 'ls|replay|rm|', 'table|json|yaml|']);
    expect(lines[3]?.split('|')).toContain(agent_id);
    // Bash replaces what stands after the last colon.
    expect(lines[4]).toBe(`${agent_id.split(':')[1] ?? ''}|`);
  });

  it('completes commands and ids in fish', async () => {
    if (!has('fish')) return;
    const script = `
      function nexus; $NODE $PROGRAM $argv; end
      nexus completion fish | source
      function complete_line; complete -C $argv[1] | cut -f 1 | string join '|'; end
      complete_line "nexus integ"
      complete_line "nexus flows dead-letters "
      complete_line "nexus chat $AGENT"
      complete -C "nexus buil"
    `;
    const lines = await completed('fish', ['--no-config', '-c'], script);
    expect([lines[0], lines[1]]).toEqual(['integrations', 'ls|replay|rm']);
    expect(lines[2]).toBe(agent_id);
    expect(lines[3]).toBe('build\tbuild an agent from one paragraph');
  });

  it('completes commands and ids in zsh', async () => {
    if (!has('zsh')) return;
    // Completion runs in the line editor only: a second zsh types the line and Tab on a terminal of its own, and reads what it became.
    const script = `
      zmodload zsh/zpty
      zpty shell zsh -f -i
      expect() { local line all=; while zpty -r shell line; do all+=$line; [[ $all == *$1* ]] && break; done; REPLY=$all }
      send() { zpty -w -n shell "$1" }
      send "PS1=; stty -echo; autoload -Uz compinit; compinit -u -D"$'\\n'
      send 'nexus() { "$NODE" "$PROGRAM" "$@" }'$'\\n'
      send 'eval "$(nexus completion zsh)"'$'\\n'
      send 'show() { print -r -- "<<\${BUFFER}>>"; BUFFER= }; zle -N show; bindkey "^X" show; print re""ady'$'\\n'
      expect ready
      for line in "nexus integ" "nexus flows dead-letters re" "nexus chat $AGENT"; do
        send "$line"$'\\t\\x18'
        expect '>>'
        print -r -- "\${\${REPLY##*<<}%%>>*}"
      done
      zpty -d shell
    `;
    const lines = await completed('zsh', ['-f', '-c'], script);
    expect(lines.slice(0, 3)).toEqual([
      'nexus integrations ',
      'nexus flows dead-letters replay ',
      `nexus chat ${agent_id} `,
    ]);
  });
});

interface KeptProfile {
  api_key: string;
  key_id: string;
}

const profilesOf = () =>
  (JSON.parse(readFileSync(configFile(), 'utf8')) as { profiles: Record<string, KeptProfile> }).profiles;
const profileNames = () => Object.keys(profilesOf());
const profileOf = (name: string): KeptProfile => noteSecrets(profilesOf()[name] ?? { api_key: 'none', key_id: 'none' });
