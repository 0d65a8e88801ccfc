import type { Architecture } from './system-architecture.schema.js';

/** The components and roles as a Mermaid flow chart. Labels are quoted and reduced to plain characters, so that no name can break out of the diagram. */
export function mermaidDiagram({ topology, components }: Architecture): string {
  const lines = ['flowchart LR', '  user(["User"])', '  subgraph agent["One deployed agent"]'];
  topology.agents.forEach((agent, index) => lines.push(`    role${index}["${label(agent.name)}"]`));
  components.forEach((component, index) => {
    if (component.kind === 'model' || component.kind === 'memory')
      lines.push(`    part${index}["${label(component.name)}"]`);
  });
  lines.push('  end', '  user -->|message| role0', '  role0 -->|answer| user');
  topology.agents.forEach((agent, index) => {
    for (const interaction of agent.interactions) {
      const target = topology.agents.findIndex((other) => other.name === interaction.with);
      if (target >= 0) lines.push(`  role${index} --> role${target}`);
    }
  });
  components.forEach((component, index) => lines.push(...connection(component, index)));
  return lines.join('\n');
}

function connection({ kind, name }: Architecture['components'][number], index: number): string[] {
  switch (kind) {
    case 'model':
    case 'memory':
      return [`  role0 --- part${index}`];
    case 'tool':
      return [`  part${index}{{"${label(name)}"}}`, `  role0 -->|calls| part${index}`];
    case 'knowledge':
      return [`  part${index}[("${label(name)}")]`, `  role0 -->|looks up| part${index}`];
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
