import { Injectable } from '@nestjs/common';
import {
  type GetPromptRequestParams,
  type GetPromptResult,
  type ListPromptsResult,
  type Prompt,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ProjectsService } from '../../projects/projects.service.js';
import { NotFoundError } from '../../shared/domain-error.js';
import { PATHS } from '../../stages/stage.js';
import { AgentTools, type NamedAgent } from './agent-tools.js';
import type { McpCaller } from './mcp-caller.js';
import { pageOfNamed } from './mcp-cursor.js';

const BUILD: Prompt = {
  name: 'build_agent',
  title: 'Build an agent',
  description: 'Builds a new agent from a few words.',
  arguments: [{ name: 'need', description: 'What the agent should do.', required: true }],
};
const examplesSchema = z.object({ acceptance_examples: z.array(z.object({ input: z.string() })) });
const EXAMPLES_SHOWN = 5;

/** Starting points: one for building an agent, one for each agent. */
@Injectable()
export class McpPrompts {
  constructor(
    private readonly agents: AgentTools,
    private readonly projects: ProjectsService,
  ) {}

  /** At most 50 a page. @throws ProtocolError for a cursor that names no prompt */
  async list(caller: McpCaller, cursor: string | undefined): Promise<ListPromptsResult> {
    const own = (await this.agents.agentsOf(caller)).map(promptOf);
    const { page, ...more } = pageOfNamed(caller.agent_id === undefined ? [BUILD, ...own] : own, cursor);
    return { prompts: page, ...more };
  }

  /** @throws ProtocolError for an unknown prompt or a missing argument */
  async get(caller: McpCaller, { name, arguments: args = {} }: GetPromptRequestParams): Promise<GetPromptResult> {
    if (name === BUILD.name && caller.agent_id === undefined) {
      const { need } = args;
      if (!need) throw invalid('The argument "need" is required');
      return said(
        BUILD,
        `Build an agent with the tool start_build, then follow it with get_build.\n\nWhat it should do: ${need}`,
      );
    }
    const named = await this.agents.findAgent(caller, name);
    if (!named) throw invalid(`Unknown prompt: ${name.slice(0, 200)}`);
    const { message } = args;
    if (message) return said(promptOf(named), `Ask the tool ${named.name}: ${message}`);
    const examples = await this.examplesOf(caller, named);
    const list = examples.map((example) => `- ${example}`).join('\n');
    return said(
      promptOf(named),
      list === ''
        ? `Ask the tool ${named.name} what it can do.`
        : `These are things to ask the tool ${named.name}:\n${list}\n\nOffer them to me, then ask it what I choose.`,
    );
  }

  /** The examples that the agent had to pass before it was deployed. */
  private async examplesOf(
    { principal: { org_id } }: McpCaller,
    { agent: { project_id } }: NamedAgent,
  ): Promise<string[]> {
    try {
      const { content } = await this.projects.getArtifact(org_id, project_id, PATHS.requirements);
      const parsed = examplesSchema.safeParse(JSON.parse(content));
      return parsed.success ? parsed.data.acceptance_examples.slice(0, EXAMPLES_SHOWN).map(({ input }) => input) : [];
    } catch (error) {
      if (error instanceof NotFoundError || error instanceof SyntaxError) return [];
      throw error;
    }
  }
}

function promptOf({ name, agent: { agent_name, description } }: NamedAgent): Prompt {
  return {
    name,
    title: agent_name,
    description: description || `Starting points for the agent ${agent_name}.`,
    arguments: [
      {
        name: 'message',
        description: 'What to ask the agent. If omitted, the prompt lists suggestions.',
        required: false,
      },
    ],
  };
}

const said = ({ description = '' }: Prompt, text: string): GetPromptResult => ({
  description,
  messages: [{ role: 'user', content: { type: 'text', text } }],
});

const invalid = (message: string): ProtocolError => new ProtocolError(ProtocolErrorCode.InvalidParams, message);
