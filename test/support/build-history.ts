import type { HttpClient } from './http.js';
import { readEvents, type ReceivedEvent } from './sse.js';

/** Six stages and three sub-stages. */
const STEPS = 9;

/** The events of a build that has ended, from the first to `done`. */
export function buildEvents(http: HttpClient, project_id: string): Promise<ReceivedEvent[]> {
  return readEvents(`${http.url}/api/v1/projects/${project_id}/events`, { headers: http.headers });
}

/**
 * What must be true of the events of a first attempt that completed, however often its process died: numbered without a gap,
 * no step begun again after it was completed, every step completed once, progress never fallen, `done` last.
 */
export function expectCleanHistory(events: ReceivedEvent[]): void {
  expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
  const completed = new Set<string>();
  for (const { event, data } of events) {
    if (event !== 'stage') continue;
    const step = `${String(data['stage_name'])}/${String(data['sub_stage_name'])}`;
    if (data['status'] === 'running' || data['status'] === 'completed') expect(completed).not.toContain(step);
    if (data['status'] === 'completed') completed.add(step);
  }
  expect(completed.size).toBe(STEPS);
  const progress = events.filter(({ event }) => event === 'progress').map(({ data }) => Number(data['progress']));
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  expect(progress.at(-1)).toBe(100);
  expect(events.at(-1)?.event).toBe('done');
}

/** The one agent in its one version that a build makes, however often its process died. */
export async function expectOneAgent(
  http: HttpClient,
  project: { project_id: string; agents: string[] },
): Promise<void> {
  const path = `/api/v1/agents?project_id=${project.project_id}`;
  const { agents } = (await http.get<{ agents: { agent_id: string; version: string }[] }>(path)).data;
  expect(agents.map(({ agent_id, version }) => [agent_id, version])).toEqual([[project.agents[0], 'v1.0.0']]);
  const versions = await http.get<{ total: number }>(
    `/api/v1/agents/${encodeURIComponent(project.agents[0] ?? '')}/versions`,
  );
  expect(versions.data.total).toBe(1);
}
