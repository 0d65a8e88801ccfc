import { Injectable } from '@nestjs/common';
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { AgentsService } from '../../agents/agents.service.js';
import { FlowsService } from '../../flows/flows.service.js';
import { FlowRunStarts } from '../../flows/runs/flow-run-starts.service.js';
import { FlowRunsService } from '../../flows/runs/flow-runs.service.js';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { actorOf } from '../../identity/principal.js';
import { visibleStatus } from '../../projects/project.js';
import { ProjectsService } from '../../projects/projects.service.js';
import { AgentTools } from './agent-tools.js';
import type { McpCaller } from './mcp-caller.js';
import { argumentsOf, inputSchemaOf, type McpTool, ToolSource } from './mcp-tool.js';

const FOUND_DEFAULT = 20;
/** Below the time that hosts wait for a call. */
const FLOW_WAIT_SECONDS = 25;
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
        'Finds running agents by words in their name or description. Call the tool named in the result. An agent that is not listed as a tool has its own endpoint, /mcp/agents/{agent_id}.',
      annotations: READ_ONLY,
      input: z.object({
        query: z
          .string()
          .min(1)
          .max(200)
          .optional()
          .describe('Words to search for. If omitted, the newest agents are returned.'),
        limit: z.int().min(1).max(100).optional().describe(`Maximum number of results. Defaults to ${FOUND_DEFAULT}.`),
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
        'Builds a new agent from a requirement in plain language. Returns a project_id immediately. The build takes seconds to minutes; follow it with get_build.',
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
        accept_unproven: z
          .boolean()
          .optional()
          .describe('Build the agent even if no acceptance example can prove a functional requirement.'),
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
      description:
        'Returns the state of a build started with start_build, and the ids of the finished agents. coverage shows which parts of the requirement the acceptance examples proved. A failed build has error_code, error and suggestion.',
      annotations: READ_ONLY,
      input: z.object({ project_id: z.string().min(1).max(200).describe('The project_id that start_build returned.') }),
      run: async ({ principal: { org_id } }, { project_id }) => {
        const { project, stages } = await this.projects.getWhole(org_id, project_id);
        const { project_name, progress, current_stage, agents, error_info, coverage, created_at, completed_at } =
          project;
        return {
          project_id,
          project_name,
          status: visibleStatus(project),
          progress,
          current_stage,
          stages: stages.map(({ stage_name, status }) => ({ stage_name, status })),
          agents,
          coverage: coverage ?? null,
          error_code: error_info?.code ?? null,
          error: error_info?.message ?? null,
          suggestion: error_info?.suggestion ?? null,
          created_at,
          completed_at,
        };
      },
    }),
    entry({
      name: 'run_flow',
      title: 'Run a flow',
      description:
        'Runs a published flow and waits up to 25 seconds for it to end. A longer run continues; follow it with get_flow_run.',
      annotations: { ...WRITES, openWorldHint: true },
      input: z.object({
        flow: z.string().min(1).max(200).describe('The id of the flow, or its name if no other flow has it.'),
        input: z.record(z.string(), z.unknown()).optional().describe("The flow's input. Must match its input_schema."),
        idempotency_key: z
          .string()
          .min(1)
          .max(200)
          .optional()
          .describe('Requests with the same key return the same run.'),
      }),
      run: async ({ principal: { org_id, user_id } }, { flow, ...wish }) => {
        const flow_id = await this.flows.idOf(org_id, flow);
        const trigger = { kind: 'api', id: null } as const;
        const started = await this.flowStarts.start({ ...wish, org_id, user_id, flow_id, trigger });
        const { run_id } = await this.flowRuns.wait(started.run, FLOW_WAIT_SECONDS);
        return this.flowRun(org_id, run_id);
      },
    }),
    entry({
      name: 'get_flow_run',
      title: 'Follow a run of a flow',
      description:
        'Returns the state of a run started with run_flow, with its steps and, once it has ended, its output.',
      annotations: READ_ONLY,
      input: z.object({ run_id: z.string().min(1).max(200).describe('The run_id that run_flow returned.') }),
      run: ({ principal: { org_id } }, { run_id }) => this.flowRun(org_id, run_id),
    }),
  ];

  constructor(
    private readonly agents: AgentsService,
    private readonly agentTools: AgentTools,
    private readonly projects: ProjectsService,
    private readonly flows: FlowsService,
    private readonly flowStarts: FlowRunStarts,
    private readonly flowRuns: FlowRunsService,
    private readonly audit: AuditLog,
  ) {
    super();
  }

  private async flowRun(org_id: string, run_id: string): Promise<Record<string, unknown>> {
    const { run, steps, output } = await this.flowRuns.get(org_id, run_id);
    const { flow_id, flow_version, status, error, cost_usd, started_at, ended_at } = run;
    return {
      ...{ run_id, flow_id, flow_version, status, output, error: error ?? null, cost_usd, started_at, ended_at },
      steps: steps.map(({ key, status: state, error: fault }) => ({ step: key, status: state, error: fault ?? null })),
    };
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
