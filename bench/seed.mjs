import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const dataDirectory = () => mkdtempSync(join(tmpdir(), 'nexus-bench-'));

export async function call(url, method, path, body) {
  const response = await fetch(url + path, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
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
