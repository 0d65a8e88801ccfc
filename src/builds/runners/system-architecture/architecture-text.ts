import { markdownOf, numberedList, oneLine, section } from '../markdown.js';
import { mermaidDiagram } from './mermaid.js';
import type { Architecture } from './system-architecture.schema.js';

/** architecture.md: the same document for people, with a diagram. */
export function architectureText(title: string, document: Architecture): string {
  const { topology } = document;
  return markdownOf([
    `# ${oneLine(title)}: architecture`,
    document.design_overview,
    `\`\`\`mermaid\n${mermaidDiagram(document)}\n\`\`\``,
    `Topology: ${topology.kind}, ${topology.deployed_agents} deployed agent.`,
    ...topology.agents.map(agentText),
    section(
      'Components',
      document.components.map((one) => `\`${one.name}\` (${one.kind}): ${one.purpose}`),
    ),
    ...document.data_models.map(dataModelText),
    ...document.interfaces.map(interfaceText),
    ...document.interaction_flows.map((flow) => `## Flow: ${oneLine(flow.name)}\n\n${numberedList(flow.steps)}`),
    section(
      'When something goes wrong',
      document.error_handling.map((one) => `${one.situation} → ${one.response}`),
    ),
    section('Security', document.security_considerations),
    section('Performance', document.performance_considerations),
    section('Monitoring', document.monitoring),
    `## Why so\n\n${document.design_rationale}`,
  ]);
}

function agentText({ name, role, responsibilities, interactions }: Architecture['topology']['agents'][number]): string {
  return section(name, [role, ...responsibilities, ...interactions.map((one) => `→ ${one.with}: ${one.purpose}`)]);
}

function dataModelText({ name, purpose, fields }: Architecture['data_models'][number]): string {
  return section(`Data: ${name}`, [
    purpose,
    ...fields.map((field) => `\`${field.name}\` ${field.type}: ${field.description}`),
  ]);
}

function interfaceText({ name, input, output, errors }: Architecture['interfaces'][number]): string {
  return section(`Interface: ${name}`, [`In: ${input}`, `Out: ${output}`, ...errors.map((error) => `Error: ${error}`)]);
}
