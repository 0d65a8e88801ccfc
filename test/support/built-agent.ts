import { eventually, type HttpClient } from './http.js';

export interface BuiltAgent {
  project_id: string;
  agent_id: string;
  /** Path of the agent under the API, with its colon encoded. */
  path: string;
}

/** A project built to the end, and the agent that it made. */
export async function builtAgent(
  http: HttpClient,
  requirement = 'A calculator assistant for our shop that works out discounts, totals and percentages.',
): Promise<BuiltAgent> {
  const { data } = await http.post<{ project_id: string }>('/api/v1/projects', { requirement });
  const project = await eventually(
    async () => (await http.get<{ status: string; agents: string[] }>(`/api/v1/projects/${data.project_id}`)).data,
    ({ status }) => status === 'completed' || status === 'failed',
  );
  const [agent_id] = project.agents;
  if (!agent_id) throw new Error(`the build made no agent: ${JSON.stringify(project)}`);
  return { project_id: data.project_id, agent_id, path: `/api/v1/agents/${encodeURIComponent(agent_id)}` };
}
