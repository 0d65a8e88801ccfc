import { Injectable } from '@nestjs/common';
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { AgentsService } from '../../agents/agents.service.js';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { actorOf } from '../../identity/principal.js';
import { visibleStatus } from '../../projects/project.js';
import { ProjectsService } from '../../projects/projects.service.js';
import { AgentTools } from './agent-tools.js';
import type { McpCaller } from './mcp-caller.js';
import { argumentsOf, inputSchemaOf, type McpTool, ToolSource } from './mcp-tool.js';

const FOUND_DEFAULT = 20;
const READ_ONLY: ToolAnnotations = { readOnlyHint: true, openWorldHint: false };
const WRITES: ToolAnnotations = { readOnlyHint: false, destructiveHint: false, openWorldHint: false };

/** What the platform itself offers beside its agents: one entry each. */
@Injectable()
export class PlatformTools extends ToolSource {
  private readonly tools: McpTool[] = [
    entry({
      name: 'search_agents',
      title: 'Search agents',
      description:
        'Finds running agents by words of their name or description. Call the tool that the answer names; an agent beyond the list has an endpoint of its own, /mcp/agents/{agent_id}.',
      annotations: READ_ONLY,
      input: z.object({
        query: z.string().min(1).max(200).optional().describe('Words to look for. Without it, the newest agents.'),
        limit: z.int().min(1).max(100).optional().describe(`At most so many, ${FOUND_DEFAULT} by default.`),
      }),
      run: async (caller, { query, limit = FOUND_DEFAULT }) => {
        const { org_id } = caller.principal;
        const filter = { status: 'running' as const, ...(query === undefined ? {} : { search: query }) };
        const [{ items }, named] = await Promise.all([
          this.agents.list(org_id, filter, { limit }),
          this.agentTools.agentsOf(caller),
        ]);
        const names = new Map(named.map(({ name, agent }) => [agent.agent_id, name]));
        return {
          agents: items.map(({ agent_id, agent_name, description, category, capabilities }) => ({
            agent_id,
            tool: names.get(agent_id) ?? agent_id,
            agent_name,
            description,
            category,
            capabilities,
          })),
        };
      },
    }),
    entry({
      name: 'start_build',
      title: 'Build an agent',
      description:
        'Builds a new agent from a requirement in plain language. Answers a project_id at once; the build takes from seconds to minutes. Follow it with get_build.',
      annotations: WRITES,
      input: z.object({
        requirement: z
          .string()
          .trim()
          .min(10)
          .max(5000)
          .describe('What the agent should do, in 10 to 5000 characters.'),
        project_name: z.string().trim().min(1).max(200).optional(),
        agent_name: z.string().trim().min(1).max(200).optional(),
      }),
      run: async ({ principal }, asked) => {
        const { org_id, user_id } = principal;
        const { project } = await this.projects.create({ ...asked, org_id, user_id });
        const { project_id } = project;
        const fact = { org_id, actor: actorOf(principal), action: 'project.created', target: project_id } as const;
        await this.audit.record({ ...fact, outcome: 'success' });
        return { project_id, status: visibleStatus(project) };
      },
    }),
    entry({
      name: 'get_build',
      title: 'Follow a build',
      description: 'The state of a build that start_build has begun, with the ids of the finished agents.',
      annotations: READ_ONLY,
      input: z.object({ project_id: z.string().min(1).max(200).describe('Of the answer of start_build.') }),
      run: async ({ principal: { org_id } }, { project_id }) => {
        const { project, stages } = await this.projects.getWhole(org_id, project_id);
        const { project_name, progress, current_stage, agents, error_info, created_at, completed_at } = project;
        return {
          project_id,
          project_name,
          status: visibleStatus(project),
          progress,
          current_stage,
          stages: stages.map(({ stage_name, status }) => ({ stage_name, status })),
          agents,
          error: error_info?.message ?? null,
          created_at,
          completed_at,
        };
      },
    }),
  ];

  constructor(
    private readonly agents: AgentsService,
    private readonly agentTools: AgentTools,
    private readonly projects: ProjectsService,
    private readonly audit: AuditLog,
  ) {
    super();
  }

  async list({ agent_id }: McpCaller): Promise<McpTool[]> {
    return agent_id === undefined ? this.tools : [];
  }

  async find(caller: McpCaller, name: string): Promise<McpTool | undefined> {
    return (await this.list(caller)).find(({ definition }) => definition.name === name);
  }
}

interface Entry<I extends z.ZodType> {
  name: string;
  title: string;
  description: string;
  annotations: ToolAnnotations;
  input: I;
  run: (caller: McpCaller, args: z.infer<I>) => Promise<Record<string, unknown>>;
}

function entry<I extends z.ZodType>({ input, run, ...shown }: Entry<I>): McpTool {
  return {
    definition: {
      ...shown,
      inputSchema: inputSchemaOf(input),
      annotations: { title: shown.title, ...shown.annotations },
    },
    call: async (caller, args): Promise<CallToolResult> => {
      const structuredContent = await run(caller, argumentsOf(input, args));
      return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
    },
  };
}
