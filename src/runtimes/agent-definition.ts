import { z } from 'zod';
import { definedToolSchema } from '../tools/tool-definition.js';

const names = (max: number) => z.array(z.string().min(1).max(200)).max(max).default([]);

/** A document that an agent may look things up in. */
export const knowledgeDocumentSchema = z.strictObject({
  name: z.string().min(1).max(255),
  content: z.string().max(1_000_000),
});

/** A specialist: an agent of its own, which the agent of the definition calls as the tool `ask_<name>`. It has no team. */
export const teamMemberSchema = z.strictObject({
  name: z
    .string()
    .max(50)
    .regex(/^[a-z][a-z0-9_]*$/, 'must start with a letter and contain only lowercase letters, digits and _'),
  /** Tells the supervisor when to call it. */
  description: z.string().min(1).max(1000),
  role: z.string().min(1).max(500),
  system_prompt: z.string().min(1).max(50_000),
  /** Null or absent: the model of the supervisor. */
  model_id: z.string().min(1).nullable().optional(),
  /** An attached tool that is listed here belongs to the members that list it, and no longer to the supervisor. */
  tools: z.array(definedToolSchema).max(50).default([]),
  /** Names of those documents of the definition that it looks things up in; absent: all. */
  documents: z.array(z.string().min(1).max(255)).max(50).optional(),
});

export type TeamMember = z.infer<typeof teamMemberSchema>;

/** The name of the tool by which the supervisor calls a specialist. */
export const memberTool = ({ name }: Pick<TeamMember, 'name'>): string => `ask_${name}`;

/** The executable description of an agent: everything that a runtime needs, nothing that only one runtime understands. */
export const agentDefinitionSchema = z.strictObject({
  schema_version: z.literal('1'),
  agent_name: z
    .string()
    .max(100)
    .regex(
      /^[a-z0-9][a-z0-9_-]*$/,
      'must start with a letter or digit and contain only lowercase letters, digits, _ and -',
    ),
  display_name: z.string().min(1).max(200),
  description: z.string().max(2000),
  role: z.string().min(1).max(500),
  system_prompt: z.string().min(1).max(50_000),
  /** Null lets the platform's settings decide. */
  model_id: z.string().min(1).nullable().default(null),
  tools: z.array(definedToolSchema).max(50).default([]),
  /** Specialists that the agent calls as tools. Their steps, tokens and cost count for the run that calls them. */
  team: z.array(teamMemberSchema).max(8).optional(),
  /** Names of tools whose calls wait for a person's approval, beside every tool whose risk is destructive. */
  requires_approval: z.array(z.string().min(1).max(100)).max(100).optional(),
  /** JSON Schema that every answer fits; the answer is then JSON. */
  output_schema: z.record(z.string(), z.unknown()).optional(),
  capabilities: names(100),
  guardrails: z.array(z.string().min(1).max(1000)).max(50).default([]),
  memory: z
    .strictObject({
      max_messages: z.int().min(0).max(500).default(200),
      /** Estimated tokens of the conversation that the model is shown; absent: 16,000. */
      max_tokens: z.int().min(100).max(1_000_000).optional(),
    })
    .prefault({}),
  limits: z
    .strictObject({
      /** Of the agent, and again of a specialist for each task. */
      max_steps: z.int().min(1).max(50).default(8),
      timeout_seconds: z.number().positive().max(600).default(60),
      max_output_tokens: z.int().min(1).max(65_536).default(2048),
      /** Tokens read and written by all model calls of one run together; absent: no bound. */
      max_total_tokens: z.int().min(1).max(100_000_000).optional(),
      /** US dollars for the model calls of one run; absent: no bound. Needs a model whose price is known. */
      max_cost_usd: z.number().positive().max(10_000).optional(),
    })
    .prefault({}),
  knowledge: z.array(knowledgeDocumentSchema).max(50).default([]),
  tags: names(20),
});

export type KnowledgeDocument = z.infer<typeof knowledgeDocumentSchema>;
export type AgentDefinition = z.infer<typeof agentDefinitionSchema>;
export type AgentDefinitionInput = z.input<typeof agentDefinitionSchema>;

/** @param most US dollars; the agent's own limit counts if it is lower */
export function withinCost(definition: AgentDefinition, most: number): AgentDefinition {
  const { limits } = definition;
  return { ...definition, limits: { ...limits, max_cost_usd: Math.min(limits.max_cost_usd ?? most, most) } };
}
