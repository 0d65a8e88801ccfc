// The official clients of JavaScript and Python, unmodified, against a running platform (npm run test:clients).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { startModel } from './model.mjs';

const { NEXUS_URL, NEXUS_API_KEY } = process.env;
const REQUIREMENT = 'A calculator assistant for our school that works out sums, totals and percentages.';

const model = await startModel();
try {
  const agent = await agentOnModel();
  const env = {
    ...process.env,
    OPENAI_BASE_URL: `${NEXUS_URL}/v1`,
    OPENAI_API_KEY: NEXUS_API_KEY,
    OPENAI_AGENTS_DISABLE_TRACING: '1',
    MODEL_AGENT: agent,
  };
  const javascript = await run(
    process.execPath,
    ['--test', '--test-timeout=60000', 'openai.test.mjs', 'agents.test.mjs'],
    env,
  );
  const python = await run(pythonWithClients(), ['-m', 'unittest', '-v', 'test_openai'], env);
  process.exitCode = javascript || python;
} finally {
  await model.stop();
}

/** An agent that speaks through the model server. @returns its id */
async function agentOnModel() {
  const { data: project } = await api('POST', 'projects', { requirement: REQUIREMENT });
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(100)) {
    const { data } = await api('GET', `projects/${project.project_id}`);
    if (data.status === 'failed') throw new Error(`the build failed: ${JSON.stringify(data.error_info)}`);
    if (data.status !== 'completed') continue;
    await api('PUT', `agents/${encodeURIComponent(data.agents[0])}`, { model_id: 'openai:gpt-4o' });
    return data.agents[0];
  }
  throw new Error('the build did not end in 60 s');
}

async function api(method, path, body) {
  const headers = { authorization: `Bearer ${NEXUS_API_KEY}`, 'content-type': 'application/json' };
  const response = await fetch(`${NEXUS_URL}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Installs once, outside of the checkout, into NEXUS_CLIENTS_CACHE (default: ~/.cache/nexus/clients). */
function pythonWithClients() {
  const wanted = createHash('sha256').update(readFileSync('requirements.txt')).digest('hex').slice(0, 16);
  const cache =
    process.env.NEXUS_CLIENTS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'nexus/clients');
  const venv = join(cache, `openai-${wanted}`);
  const python = join(venv, 'bin/python');
  if (existsSync(join(venv, 'installed'))) return python;
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const steps = [
    ['python3', ['-m', 'venv', venv]],
    [python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt']],
    ['touch', [join(venv, 'installed')]],
  ];
  for (const [command, args] of steps)
    if (spawnSync(command, args, { stdio: 'inherit' }).status !== 0)
      throw new Error(
        `${command} ${args.join(' ')} failed: Python 3.10 or newer with venv and a package index are needed`,
      );
  return python;
}

/** Asynchronous: the model server answers from this process. */
function run(command, args, env) {
  return new Promise((resolve, reject) => {
    spawn(command, args, { env, stdio: 'inherit' })
      .once('error', reject)
      .once('exit', (code) => resolve(code ?? 1));
  });
}
