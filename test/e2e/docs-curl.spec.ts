import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { Clock } from '../../src/shared/clock.js';
import { startApp, type TestApp } from '../support/app.js';
import { temporaryDirectory } from '../support/database.js';
import { type HttpClient, eventually } from '../support/http.js';
import { MailServer } from '../support/mail-server.js';
import { registeredAgent } from '../support/registered-agent.js';

/** A fenced block of shell with curl, or a command with curl inside a sentence. CONTRIBUTING.md says how they are written. */
interface Block {
  script: string;
  /** Why it is not run, from the comment in front of it. */
  reason: string | undefined;
}

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].sort();
/** Run as a whole by e2e/api-usage.spec.ts. */
const OWN_TEST = new Set(['docs/api-usage.md']);
const FENCE = /(?:<!-- not run: (.+?) -->\n\s*)?```(?:sh|bash)\n([\s\S]*?)```/g;
const INLINE = /`(curl [^`]+)`/g;

function blocksOf(page: string): Block[] {
  const text = readFileSync(page, 'utf8');
  const fenced = [...text.matchAll(FENCE)].map(([, reason, script = '']) => ({ reason, script }));
  const inline = [...text.replaceAll(FENCE, '').matchAll(INLINE)].map(([, script = '']) => ({
    reason: undefined,
    script,
  }));
  return [...fenced, ...inline].filter(({ script }) => /\bcurl\b|^(?:[A-Z_]+=\S*\n)+$/.test(script));
}

const withCurl = pages.filter(
  (page) => !OWN_TEST.has(page) && blocksOf(page).some(({ script }) => /\bcurl\b/.test(script)),
);

/**
 * In front of each page: a curl that fails on an error answer, and puts values in the place of `…` and of the ids of examples.
 */
const PRELUDE = `
set -eo pipefail
curl() {
  # A page about readiness reads 503 as an answer.
  local args=() arg found refuses=--fail-with-body
  for arg in "$@"; do
    while [[ $arg =~ (nxm_…|nxt_…|usr_…|492039|inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R) ]]; do
      found=\${BASH_REMATCH[1]}
      arg=\${arg//"$found"/$(command curl -sS --fail-with-body -G "$RESOLVER" --data-urlencode "place=$found" --data-urlencode "command=$*")}
    done
    arg=\${arg//…/$PASSWORD}
    arg=\${arg//localhost:8000/$HOST}
    arg=\${arg//127.0.0.1:8000/$HOST}
    arg=\${arg//proj_.../$PROJECT_ID}
    case $arg in */health/ready) refuses=--show-error ;; esac
    args+=("$arg")
  done
  command curl -sS "$refuses" --max-time 60 "\${args[@]}"
}
`;

const PASSWORD = 'nine purple lanterns';
const ADA = { email: 'ada@example.com', password: PASSWORD };
let app: TestApp;
let mail: MailServer;
/** The administrator of the page's own organization. */
let admin: HttpClient;
let org_id: string;
let agentPath: string;
/** How far the platform's clock is ahead: a code of a second factor counts once. */
let ahead_ms = 0;
let readMails = 0;

/** Values for places of the pages, asked for by the curl of {@link PRELUDE}. */
const resolver = createServer((request, response) => {
  const query = new URL(request.url ?? '/', 'http://resolver').searchParams;
  valueFor(query.get('place') ?? '', query.get('command') ?? '').then(
    (value) => response.end(value),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});

async function valueFor(place: string, command: string): Promise<string> {
  if (place === 'usr_…') return memberId();
  if (place === 'nxm_…') return nextMailedToken();
  if (place === '492039') return nextCode();
  const asked = { input_text: 'What is 1234 * 56?', background: command.includes('/cancel') };
  if (place.startsWith('inv_'))
    return (await admin.post<{ invocation_id: string }>(`${agentPath}/invoke`, asked)).data.invocation_id;
  return ((await app.http.anonymous().post('/api/v1/auth/login', ADA)).body as unknown as { challenge_token: string })
    .challenge_token;
}

/** The member that the page has invited, who accepts now if she has not. */
async function memberId(): Promise<string> {
  const email = 'grace@example.com';
  const list = async () =>
    (await admin.get<{ members: { email: string; user_id: string }[] }>(`/api/v1/organizations/${org_id}/members`)).data
      .members;
  const found = (await list()).find((one) => one.email === email);
  if (found) return found.user_id;
  const { token } = await mail.invitation(email);
  await app.http
    .anonymous()
    .post('/api/v1/auth/invitations/accept', { invitation_token: token, password: PASSWORD, name: 'Grace' });
  return (await list()).find((one) => one.email === email)?.user_id ?? 'none';
}

/** Invitations, whose tokens have another form, are passed over. */
async function nextMailedToken(): Promise<string> {
  const next = await eventually(
    () => Promise.resolve(mail.received.findIndex(({ token }, index) => index >= readMails && token !== '')),
    (found) => found >= 0,
  );
  readMails = next + 1;
  return mail.received[next]?.token ?? '';
}

let totpSecret: Promise<string> | undefined;

/** The page shows the secret to a person; here a second look at it replaces the first. */
async function nextCode(): Promise<string> {
  const { access_token } = (await app.http.anonymous().post('/api/v1/auth/login', ADA)).body as unknown as {
    access_token?: string;
  };
  totpSecret ??= app.http
    .anonymous()
    .post('/api/v1/auth/totp/enable', { password: PASSWORD }, { authorization: `Bearer ${access_token ?? ''}` })
    .then(({ body }) => (body as unknown as { secret: string }).secret);
  ahead_ms += 30_000;
  return new TOTP({ secret: Secret.fromBase32(await totpSecret) }).generate({ timestamp: Date.now() + ahead_ms });
}

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({
    ...mail.settings,
    NEXUS_ADMIN_EMAIL: 'admin@nexus.local',
    NEXUS_ADMIN_PASSWORD: PASSWORD,
    BACKGROUND_RUN_SLOTS: '0',
    RATE_LIMIT_AUTH_PER_MINUTE: '1000',
  });
  app.app.get(Clock, { strict: false }).now = () => new Date(Date.now() + ahead_ms);
  resolver.listen(0, '127.0.0.1');
  await once(resolver, 'listening');
  expect((await mail.register(app.http, { ...ADA, name: 'Ada', organization_name: 'Engines' })).status).toBe(201);
  readMails = mail.received.length;
});
afterAll(async () => {
  resolver.close();
  await app.close();
  await mail.stop();
});

it.each(withCurl)('every curl of %s is answered with success', async (page) => {
  // The quickstart signs in as the administrator of the first start; every other page has an organization of its own.
  org_id = page === 'README.md' ? 'default' : page.replaceAll(/\W/g, '-');
  admin = app.http.as(org_id, 'administrator');
  await admin.ready();
  const requirement = 'Adds prices and discounts for our shop';
  const { project_id } = (await admin.post<{ project_id: string }>('/api/v1/projects', { requirement })).data;
  const wishes = { org_id, project_id, agent_name: 'shop-support', tools: ['calculator'] };
  const { agent_id, path } = await registeredAgent(app, wishes);
  agentPath = path;
  readMails = mail.received.length;
  const directory = temporaryDirectory();
  writeFileSync(
    join(directory, 'openapi.yaml'),
    'openapi: 3.1.0\ninfo: {title: Shop, version: "1"}\npaths: {/orders: {get: {operationId: orders, responses: {"200": {description: Orders}}}}}\n',
  );
  const host = new URL(app.url).host;
  const runs = blocksOf(page).filter(({ reason }) => reason === undefined);
  const script = [PRELUDE, ...runs.map(({ script }) => script), 'echo all of it ran'].join('\n');
  const shell = spawn('bash', ['-c', script], {
    cwd: directory,
    env: {
      PATH: process.env['PATH'],
      RESOLVER: `http://127.0.0.1:${(resolver.address() as AddressInfo).port}/`,
      PASSWORD,
      HOST: host,
      NEXUS: app.url,
      API: app.url,
      TOKEN: (admin.headers['authorization'] ?? '').slice('Bearer '.length),
      A: `Authorization: ${admin.headers['authorization'] ?? ''}`,
      ORG: org_id,
      AGENT_ID: encodeURIComponent(agent_id),
      PROJECT_ID: project_id,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(shell, 'close')) as [number];
  expect({ code, said: said.slice(-1_500) }).toEqual({
    code: 0,
    said: expect.stringContaining('all of it ran') as unknown,
  });
});
