import { PATHS } from '../../../stages/stage.js';
import {
  DocumentWriter,
  jsonArtifact,
  markdownArtifact,
  markdownOf,
  numberedList,
  oneLine,
  readDocument,
  section,
} from '../../step/documents.js';
import { defineStep } from '../../step/step.js';
import { planSchema } from '../orchestrator/prompt.js';
import { requirementsSchema } from '../requirements-analysis/prompt.js';
import { writeArchitecture } from './offline.js';
import { type Architecture, ARCHITECTURE_TASK } from './prompt.js';

/** Lays out the parts of the agent and the path of a message through them. */
export const step = defineStep({
  name: 'system_architecture',
  prompt: ARCHITECTURE_TASK,
  offline: writeArchitecture,
  uses: [DocumentWriter],
  run: async (context, writer) => {
    const plan = readDocument(context, PATHS.plan, planSchema);
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const { document, ...spent } = await writer.write(context, ARCHITECTURE_TASK, {
      plan,
      requirements,
    });
    const { topology, components, interaction_flows } = document;
    context.log('info', `Topology: ${topology.kind}, ${topology.agents.map((agent) => agent.name).join(', ')}`);
    if (topology.kind === 'multi_agent')
      context.log('info', 'The deployed agent supervises the roles; each becomes a specialist that it calls as a tool');
    context.log(
      'info',
      `${components.length} components, ${document.data_models.length} data models, ${interaction_flows.length} flows`,
    );
    return {
      artifacts: [
        jsonArtifact(PATHS.architecture, document),
        markdownArtifact(PATHS.architectureText, architectureText(plan.agent.display_name, document)),
      ],
      output_data: {
        topology: topology.kind,
        deployed_agents: topology.deployed_agents,
        roles: topology.agents.map((agent) => agent.name),
        components: components.map((component) => component.name),
      },
      ...spent,
      tool_calls: 0,
      agent_name: plan.agent.name,
    };
  },
});

/** architecture.md: the same document for people, with a diagram. */
export function architectureText(title: string, document: Architecture): string {
  const { topology } = document;
  return markdownOf([
    `# ${oneLine(title)}: architecture`,
    document.design_overview,
    `\`\`\`mermaid\n${mermaidDiagram(document)}\n\`\`\``,
    `Topology: ${topology.kind}, ${topology.deployed_agents} deployed agent${isTeam(document) ? ` with a team of ${topology.agents.length}` : ''}.`,
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

const isTeam = ({ topology }: Architecture): boolean => topology.kind === 'multi_agent' && topology.agents.length > 1;

/** The components and roles as a Mermaid flow chart. Labels are reduced to plain characters: a name cannot inject diagram code. */
export function mermaidDiagram(document: Architecture): string {
  const { topology, components } = document;
  const team = isTeam(document);
  const head = team ? 'supervisor' : 'role0';
  const lines = [
    'flowchart LR',
    '  user(["User"])',
    `  subgraph agent["One deployed agent${team ? ' and its team' : ''}"]`,
  ];
  if (team) lines.push('    supervisor["Supervisor"]');
  topology.agents.forEach((agent, index) => lines.push(`    role${index}["${label(agent.name)}"]`));
  components.forEach((component, index) => {
    if (component.kind === 'model' || component.kind === 'memory')
      lines.push(`    part${index}["${label(component.name)}"]`);
  });
  lines.push('  end', `  user -->|message| ${head}`, `  ${head} -->|answer| user`);
  if (team) topology.agents.forEach((_, index) => lines.push(`  supervisor -->|task| role${index}`));
  topology.agents.forEach((agent, index) => {
    for (const interaction of agent.interactions) {
      const target = topology.agents.findIndex((other) => other.name === interaction.with);
      if (target >= 0) lines.push(`  role${index} ${team ? '-.->' : '-->'} role${target}`);
    }
  });
  components.forEach((component, index) => lines.push(...connection(component, index, team ? 'agent' : head)));
  return lines.join('\n');
}

/** @param from the node that uses the component; members of a team share the tools of their group */
function connection({ kind, name }: Architecture['components'][number], index: number, from: string): string[] {
  switch (kind) {
    case 'model':
    case 'memory':
      return from === 'agent' ? [] : [`  ${from} --- part${index}`];
    case 'tool':
      return [`  part${index}{{"${label(name)}"}}`, `  ${from} -->|calls| part${index}`];
    case 'knowledge':
      return [`  part${index}[("${label(name)}")]`, `  ${from} -->|looks up| part${index}`];
    case 'interface':
      return [];
  }
}

function label(text: string): string {
  return (
    text
      .replace(/[^\p{L}\p{N} _.,:/-]/gu, ' ')
      .trim()
      .slice(0, 60) || 'unnamed'
  );
}
