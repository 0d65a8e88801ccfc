// Runs the official clients in test/clients, unmodified, against a platform of its own. Each folder is a package with its own lock file and
// an `npm test`, which finds the platform in its environment: NEXUS_URL, NEXUS_API_KEY (of an administrator), NEXUS_TOKEN (an access token),
// NEXUS_AGENT_ID and NEXUS_AGENT_NAME (a running agent that calculates), NEXUS_MODEL_PORT (where it may start a server of OpenAI's
// protocol, for agents with a model_id of openai:<id>). Usage: npm run test:clients [-- <folder> ...]; npm run test:sdks does the same
// for the contract test of Nexus's own clients.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const isOwn = process.argv[2] === '--sdks';
const CLIENTS = isOwn ? 'sdks' : 'test/clients';
const READY_WITHIN_MS = 60_000;
const BUILT_WITHIN_MS = 60_000;
const EMAIL = 'admin@nexus.test';
const PASSWORD = 'an administrator of client tests';
const REQUIREMENT = 'A calculator assistant for our shop that works out discounts, totals and percentages.';

const chosen = isOwn ? ['contract'] : process.argv.slice(2);
const folders = readdirSync(CLIENTS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(CLIENTS, entry.name, 'package.json')))
  .map(({ name }) => name)
  .filter((name) => chosen.length === 0 || chosen.includes(name));
if (folders.length === 0) throw new Error(`no folder of ${CLIENTS} is called ${chosen.join(', ')}`);

const directory = mkdtempSync(join(tmpdir(), 'nexus-clients-'));
const port = await freePort();
const modelPort = await freePort();
const url = `http://127.0.0.1:${port}`;
const platform = spawn(process.execPath, ['dist/main.js'], {
  env: {
    PATH: process.env.PATH,
    ENVIRONMENT: 'test',
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'error',
    API_HOST: '127.0.0.1',
    API_PORT: String(port),
    NEXUS_DATA_DIR: directory,
    NEXUS_ADMIN_EMAIL: EMAIL,
    NEXUS_ADMIN_PASSWORD: PASSWORD,
    NEXUS_BCRYPT_ROUNDS: '4',
    NEXUS_ALLOW_PRIVATE_ADDRESSES: 'true',
    RATE_LIMIT_PER_MINUTE: '1000000',
    RATE_LIMIT_AUTH_PER_MINUTE: '1000000',
    OPENAI_BASE_URL: `http://127.0.0.1:${modelPort}/v1`,
  },
  stdio: 'inherit',
});

const failed = [];
try {
  const environment = await prepared();
  for (const name of folders) {
    console.log(`\n== ${join(CLIENTS, name)}`);
    const options = {
      cwd: join(CLIENTS, name),
      stdio: 'inherit',
      env: { ...process.env, ...environment, NEXUS_ROOT: process.cwd() },
    };
    const isInstalled = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], options).status === 0;
    if (!isInstalled || spawnSync('npm', ['test', '--silent'], options).status !== 0) failed.push(name);
  }
} finally {
  platform.kill('SIGTERM');
  await new Promise((resolve) => (platform.exitCode === null ? platform.once('exit', resolve) : resolve()));
  rmSync(directory, { recursive: true, force: true });
}
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}`);
  process.exitCode = 1;
} else console.log(`\nPassed: ${folders.join(', ')}`);

/** Waits until the platform is ready, signs in, and builds an agent. */
async function prepared() {
  await until(READY_WITHIN_MS, async () => {
    if (platform.exitCode !== null) throw new Error(`the platform ended with code ${platform.exitCode}`);
    return (await fetch(`${url}/health/ready`).catch(() => undefined))?.ok;
  });
  const login = await until(READY_WITHIN_MS, async () => {
    const answer = await post('auth/login', { email: EMAIL, password: PASSWORD });
    return answer.access_token === undefined ? undefined : answer;
  });
  const token = login.access_token;
  const { data: key } = await post('api-keys', { name: 'clients', roles: ['admin'] }, token);
  const { data: project } = await post('projects', { requirement: REQUIREMENT }, token);
  const built = await until(BUILT_WITHIN_MS, async () => {
    const { data } = await get(`projects/${project.project_id}`, token);
    return data.status === 'completed' || data.status === 'failed' ? data : undefined;
  });
  const [agent_id] = built.agents;
  if (agent_id === undefined) throw new Error(`the build made no agent: ${JSON.stringify(built.error_info)}`);
  return {
    NEXUS_URL: url,
    NEXUS_MODEL_PORT: String(modelPort),
    NEXUS_API_KEY: key.api_key,
    NEXUS_TOKEN: token,
    NEXUS_AGENT_ID: agent_id,
    NEXUS_AGENT_NAME: agent_id.slice(agent_id.indexOf(':') + 1),
  };
}

async function post(path, body, token) {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.json();
}

async function get(path, token) {
  return (await fetch(`${url}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } })).json();
}

async function until(within_ms, attempt) {
  const deadline = Date.now() + within_ms;
  for (;;) {
    const found = await attempt();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not so within ${within_ms} ms`);
    await delay(100);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}
