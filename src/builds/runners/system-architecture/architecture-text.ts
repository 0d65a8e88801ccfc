import { mermaidDiagram } from './mermaid.js';
import type { Architecture } from './system-architecture.schema.js';

/** architecture.md: the same document for people, with a diagram. */
export function architectureText(title: string, document: Architecture): string {
  return [
    `# ${title}: architecture`,
    document.design_overview,
    `\`\`\`mermaid\n${mermaidDiagram(document)}\n\`\`\``,
    `Topology: ${document.topology.kind}, ${document.topology.deployed_agents} deployed agent.`,
    ...document.topology.agents.map((agent) => section(agent.name, [agent.role, ...agent.responsibilities, ...agent.interactions.map((one) => `→ ${one.with}: ${one.purpose}`)])),
    section('Components', document.components.map((one) => `\`${one.name}\` (${one.kind}): ${one.purpose}`)),
    ...document.data_models.map((model) => section(`Data: ${model.name}`, [model.purpose, ...model.fields.map((field) => `\`${field.name}\` ${field.type}: ${field.description}`)])),
    ...document.interfaces.map((one) => section(`Interface: ${one.name}`, [`In: ${one.input}`, `Out: ${one.output}`, ...one.errors.map((error) => `Error: ${error}`)])),
    ...document.interaction_flows.map((flow) => `## Flow: ${flow.name}\n\n${flow.steps.map((step, index) => `${index + 1}. ${step}`).join('\n')}`),
    section('When something goes wrong', document.error_handling.map((one) => `${one.situation} → ${one.response}`)),
    section('Security', document.security_considerations),
    section('Performance', document.performance_considerations),
    section('Monitoring', document.monitoring),
    `## Why so\n\n${document.design_rationale}`,
  ]
    .join('\n\n')
    .concat('\n');
}

function section(title: string, items: readonly string[]): string {
  return `## ${title}\n\n${items.map((item) => `- ${item}`).join('\n')}`;
}
