/** How the dashboard of a build lists an artifact. */
export type ResourceType = 'tool' | 'prompt' | 'code';

interface StageRow {
  name: string;
  /** The stage that a sub-stage belongs to. */
  parent?: string;
  display_name: string;
  /** Share of the build, or of its stage for a sub-stage, relative to the other rows: 5 of 100 is 5 percent. */
  weight: number;
  /** Where its documents are stored, by the name that code uses. A path that ends with "/" is a folder. */
  artifacts?: Readonly<Record<string, string>>;
  /** The artifacts that the dashboard lists as resources. */
  resources?: Partial<Record<ResourceType, readonly string[]>>;
}

const DEVELOPMENT = 'agent_developer_manager';

/**
 * The stages of a build in order, each followed by its sub-stages. Names, numbers, weights, progress, the order of a
 * build, the enums of the API document and the paths of artifacts derive from these rows. `builds/steps/steps.ts` adds
 * how each step is done. Names, order and weights are part of the API.
 */
export const STAGE_TABLE = [
  {
    name: 'orchestrator',
    display_name: 'Orchestrator',
    weight: 5,
    artifacts: { plan: 'plan.json', revision: 'revision.json' },
  },
  {
    name: 'requirements_analysis',
    display_name: 'Requirements analysis',
    weight: 10,
    artifacts: { requirements: 'requirements.json', requirementsText: 'requirements.md' },
  },
  {
    name: 'system_architecture',
    display_name: 'System architecture',
    weight: 15,
    artifacts: { architecture: 'architecture.json', architectureText: 'architecture.md' },
  },
  { name: 'agent_design', display_name: 'Agent design', weight: 15, artifacts: { design: 'agent_design.json' } },
  { name: DEVELOPMENT, display_name: 'Agent development', weight: 45 },
  {
    name: 'tool_developer',
    parent: DEVELOPMENT,
    display_name: 'Tool development',
    weight: 40,
    artifacts: { tools: 'tools/', writtenTools: 'written_tools.json' },
    resources: { tool: ['tools/'] },
  },
  {
    name: 'prompt_engineer',
    parent: DEVELOPMENT,
    display_name: 'Prompt engineering',
    weight: 30,
    artifacts: { systemPrompt: 'prompts/system.md', team: 'prompts/team.json' },
    resources: { prompt: ['prompts/'] },
  },
  {
    name: 'agent_code_developer',
    parent: DEVELOPMENT,
    display_name: 'Agent code',
    weight: 30,
    artifacts: { definition: 'agent.json', export: 'export/' },
    resources: { code: ['agent.json', 'export/'] },
  },
  {
    name: 'agent_deployer',
    display_name: 'Agent deployment',
    weight: 10,
    artifacts: { acceptanceReport: 'acceptance_report.json' },
  },
] as const satisfies readonly StageRow[];
