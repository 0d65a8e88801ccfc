/** Where each step leaves its documents; later steps and readers of a build find them by these paths. */
export const PATHS = {
  plan: 'plan.json',
  requirements: 'requirements.json',
  requirementsText: 'requirements.md',
  architecture: 'architecture.json',
  architectureText: 'architecture.md',
  design: 'agent_design.json',
  writtenTools: 'written_tools.json',
  systemPrompt: 'prompts/system.md',
  definition: 'agent.json',
  acceptanceReport: 'acceptance_report.json',
} as const;

export const TOOLS_FOLDER = 'tools/';
export const EXPORT_FOLDER = 'export/';

export function toolPath(name: string): string {
  return `${TOOLS_FOLDER}${name}.json`;
}
