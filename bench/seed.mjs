import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const dataDirectory = () => mkdtempSync(join(tmpdir(), 'nexus-bench-'));

/** The administrator of a benchmark's platform. */
export const ADMINISTRATOR = { email: 'bench@nexus.test', password: 'a bench that nobody else uses' };

/** The settings of every benchmark's platform. */
export const settingsOf = (directory) => ({
  NEXUS_DATABASE: 'embedded',
  NEXUS_DATA_DIR: directory,
  ENVIRONMENT: 'test',
  LOG_LEVEL: 'error',
  NODE_ENV: 'production',
  NEXUS_ADMIN_EMAIL: ADMINISTRATOR.email,
  NEXUS_ADMIN_PASSWORD: ADMINISTRATOR.password,
  // What is measured is the platform, not its limits.
  RATE_LIMIT_PER_MINUTE: '1000000000',
  RATE_LIMIT_ORCHESTRATION_PER_MINUTE: '1000000000',
  EVENT_STREAMS_PER_PRINCIPAL: '100000',
});

const tokens = new Map();

/** Signs in; `call` and `authorization` use the token. */
export async function signIn(url) {
  const response = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMINISTRATOR),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`login: ${JSON.stringify(answer)}`);
  tokens.set(url, answer.access_token);
}

export const authorization = (url) => ({ authorization: `Bearer ${tokens.get(url)}` });

export async function call(url, method, path, body) {
  const response = await fetch(url + path, {
    method,
    headers: { ...authorization(url), ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.data;
}

/** A project built to the end and its agent. */
export async function builtAgent(url, index = 0) {
  const requirement = `A calculator assistant number ${index} that works out totals and percentages.`;
  const { project_id } = await call(url, 'POST', '/api/v1/projects', { requirement });
  for (;;) {
    const project = await call(url, 'GET', `/api/v1/projects/${project_id}`);
    if (project.status === 'completed') return { project_id, agent_id: project.agents[0] };
    if (project.status === 'failed') throw new Error(`the build failed: ${JSON.stringify(project.error_info)}`);
    await delay(20);
  }
}
