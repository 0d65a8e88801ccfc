import { Injectable } from '@nestjs/common';
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Agent } from '../../agents/agent.js';
import { AgentsService } from '../../agents/agents.service.js';
import type { RunEvent } from '../../invocations/agent-run.service.js';
import { Approvals } from '../../invocations/approvals.service.js';
import { awaited, type Invocation, isOver, isPending } from '../../invocations/invocation.js';
import { RunWaitingError } from '../../invocations/invocations.errors.js';
import { InvocationsService } from '../../invocations/invocations.service.js';
import type { McpCaller } from './mcp-caller.js';
import { argumentsOf, inputSchemaOf, type McpTool, ToolSource } from './mcp-tool.js';

/** Tools are offered for the newest running agents of an organization; `search_agents` finds the others. */
const AGENTS_OFFERED = 500;
const READ_AT_ONCE = 100;
/** A new agent appears in the list within this time. */
const CACHED_MS = 3_000;
const CACHED_ORGANIZATIONS = 500;
const SUFFIX_LENGTH = 8;
/** At most one progress notification for the text of an answer in this time. */
const TEXT_PROGRESS_MS = 500;

const input = z.object({
  message: z.string().min(1).max(100_000).describe('The message to the agent.'),
  session_id: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('Continues a conversation: the session_id from an earlier answer of the same agent.'),
});
/** What a client asks its user when a tool call of an agent waits for approval. */
const APPROVAL_FORM = {
  type: 'object' as const,
  properties: {
    approve: { type: 'boolean' as const, title: 'Make this call' },
    comment: { type: 'string' as const, title: 'Comment', maxLength: 2_000 },
  },
  required: ['approve'],
};
const approvalAnswer = z.object({ approve: z.boolean(), comment: z.string().max(2_000).optional() });

const outputSchema = {
  type: 'object' as const,
  properties: {
    output: { type: 'string', description: "The agent's answer." },
    invocation_id: {
      type: 'string',
      description: 'The id of the run. Read it with GET /api/v1/invocations/{invocation_id}.',
    },
    session_id: { type: 'string', description: 'Send it with the next message to continue the conversation.' },
    model: { type: ['string', 'null'] },
    usage: { type: 'object', properties: { input_tokens: { type: 'integer' }, output_tokens: { type: 'integer' } } },
  },
  required: ['output', 'invocation_id', 'session_id'],
};

export interface NamedAgent {
  name: string;
  agent: Agent;
}

/** One tool for each running agent. A call is an invocation like any other. */
@Injectable()
export class AgentTools extends ToolSource {
  private readonly named = new LRUCache<string, Promise<NamedAgent[]>>({ max: CACHED_ORGANIZATIONS, ttl: CACHED_MS });

  constructor(
    private readonly agents: AgentsService,
    private readonly invocations: InvocationsService,
    private readonly approvals: Approvals,
  ) {
    super();
  }

  async list(caller: McpCaller): Promise<McpTool[]> {
    return (await this.agentsOf(caller)).map((named) => this.toolOf(named));
  }

  async find(caller: McpCaller, name: string): Promise<McpTool | undefined> {
    const named = await this.findAgent(caller, name);
    return named && this.toolOf(named);
  }

  /** The agent that a tool or prompt of this name stands for; an agent's id is a name too. */
  async findAgent(caller: McpCaller, name: string): Promise<NamedAgent | undefined> {
    const known = (await this.agentsOf(caller)).find((one) => one.name === name || one.agent.agent_id === name);
    if (known || caller.agent_id !== undefined || !name.includes(':')) return known;
    const { agent } = await this.agents.getRunnable(caller.principal.org_id, name);
    return { name, agent };
  }

  /**
   * The agents that the caller may run, in the order of their names.
   * @throws AgentNotFoundError, AgentNotRunningError for the agent of the endpoint
   */
  async agentsOf({ principal: { org_id }, agent_id }: McpCaller): Promise<NamedAgent[]> {
    if (agent_id !== undefined) {
      const { agent } = await this.agents.getRunnable(org_id, agent_id);
      return [{ name: agent.agent_name, agent }];
    }
    const known = this.named.get(org_id) ?? this.readAgents(org_id);
    this.named.set(org_id, known, { noUpdateTTL: true });
    known.catch(() => this.named.delete(org_id));
    return known;
  }

  private async readAgents(org_id: string): Promise<NamedAgent[]> {
    const agents: Agent[] = [];
    let last_key: string | undefined;
    do {
      const page = await this.agents.list(org_id, { status: 'running' }, { limit: READ_AT_ONCE, last_key });
      agents.push(...page.items);
      last_key = page.last_key ?? undefined;
    } while (last_key !== undefined && agents.length < AGENTS_OFFERED);
    return namedAgents(agents.slice(0, AGENTS_OFFERED));
  }

  private toolOf({ name, agent }: NamedAgent): McpTool {
    const { agent_id, agent_name, description } = agent;
    const definition: Tool = {
      name,
      title: agent_name,
      description: description || `Asks the agent ${agent_name}.`,
      inputSchema: inputSchemaOf(input),
      outputSchema,
      annotations: { title: agent_name, openWorldHint: true },
      _meta: { 'nexus/agent_id': agent_id },
    };
    return {
      definition,
      call: (caller, args, context) => this.ask(caller, agent_id, argumentsOf(input, args), context),
    };
  }

  private async ask(
    caller: McpCaller,
    agent_id: string,
    { message, session_id }: z.infer<typeof input>,
    context: ServerContext,
  ): Promise<CallToolResult | InputRequiredResult> {
    const { principal, signal } = caller;
    const { org_id, user_id } = principal;
    const waiting = context.mcpReq.requestState<string>();
    if (typeof waiting === 'string') return this.decided(caller, agent_id, waiting, context);
    const progress = progressOf(context);
    const run = this.invocations.invoke({
      org_id,
      user_id,
      agent_id,
      input_text: message,
      signal,
      ...(session_id === undefined ? {} : { session_id }),
      ...(progress ? {} : { quiet: true }),
    });
    try {
      for (;;) {
        const next = await run.next();
        if (next.done) return answerOf(next.value);
        await progress?.(next.value);
      }
    } catch (error) {
      if (error instanceof RunWaitingError) return asking(error.invocation, context);
      throw error;
    }
  }

  /**
   * The repeat of a call whose run waits, with what the user says. A declined form is a refusal; calls without an answer go on
   * waiting. The state of the request is the id of the run, which anyone who may decide may also name.
   */
  private async decided(
    { principal, signal }: McpCaller,
    agent_id: string,
    invocation_id: string,
    { mcpReq }: ServerContext,
  ): Promise<CallToolResult | InputRequiredResult> {
    const { org_id } = principal;
    const run = await this.invocations.get(org_id, invocation_id);
    const decisions = awaited(run)
      .filter(isPending)
      .flatMap(({ approval_id }) => {
        const view = inputResponse(mcpReq.inputResponses, approval_id);
        if (view.kind !== 'elicit' || view.action === 'cancel') return [];
        if (view.action === 'decline') return [{ approval_id, approve: false }];
        const answer = approvalAnswer.safeParse(view.content);
        return answer.success ? [{ approval_id, ...answer.data }] : [];
      });
    await this.approvals.decideAll(principal, { agent_id, invocation_id, decisions });
    const now = await this.approvals.continued(org_id, invocation_id, signal);
    if (now.status === 'success') return answerOf(now);
    if (!isOver(now) && decisions.length === 0) throw new RunWaitingError(now);
    if (!isOver(now)) return asking(now, { mcpReq });
    return { content: [{ type: 'text', text: now.error?.message ?? 'The run failed' }], isError: true };
  }
}

/** Asks the client's user, where the client can; otherwise the error names the route that decides. */
function asking(run: Invocation, { mcpReq }: Pick<ServerContext, 'mcpReq'>): InputRequiredResult {
  const envelope = mcpReq.envelope as Record<string, { elicitation?: unknown } | undefined> | undefined;
  if (!envelope?.[CLIENT_CAPABILITIES_META_KEY]?.elicitation) throw new RunWaitingError(run);
  const forms = awaited(run)
    .filter(isPending)
    .map(({ approval_id, tool, input: asked }) => {
      const message = `The agent wants to call ${tool} with ${JSON.stringify(asked).slice(0, 2_000)}`;
      return [approval_id, inputRequired.elicit({ message, requestedSchema: APPROVAL_FORM })] as const;
    });
  return inputRequired({ inputRequests: Object.fromEntries(forms), requestState: run.invocation_id });
}

/** The agent's own name where it is unique, otherwise with the end of its project's id. Names do not depend on the order of agents. */
export function namedAgents(agents: readonly Agent[]): NamedAgent[] {
  const counts = new Map<string, number>();
  for (const { agent_name } of agents) counts.set(agent_name, (counts.get(agent_name) ?? 0) + 1);
  return agents
    .map((agent) => {
      const { agent_name, project_id } = agent;
      const isUnique = counts.get(agent_name) === 1;
      return { name: isUnique ? agent_name : `${agent_name}.${project_id.slice(-SUFFIX_LENGTH)}`, agent };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function answerOf({ output_text, invocation_id, session_id, model, usage }: Invocation): CallToolResult {
  const output = output_text ?? '';
  return {
    content: [{ type: 'text', text: output }],
    structuredContent: { output, invocation_id, session_id, model, usage },
  };
}

/** Reports the events of a run to a caller who asked for progress. */
function progressOf({ mcpReq }: ServerContext): ((event: RunEvent) => Promise<void>) | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = 0;
  let characters = 0;
  let reported_at = 0;
  const report = (message: string): Promise<void> =>
    mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: ++progress, message } });
  return async (event) => {
    switch (event.type) {
      case 'accepted':
        return report(`Run ${event.invocation_id} has started.`);
      case 'tool_call':
        return report(`${event.agent ?? 'The agent'} calls ${event.tool}.`);
      case 'tool_result':
        return report(`${event.tool} ${event.error === undefined ? 'has returned' : 'has failed'}.`);
      case 'delta':
        characters += event.text.length;
        if (performance.now() - reported_at < TEXT_PROGRESS_MS) return;
        reported_at = performance.now();
        return report(`The agent has written ${characters} characters.`);
      case 'start':
      case 'caller_call':
      case 'approval_decided':
        return;
    }
  };
}
