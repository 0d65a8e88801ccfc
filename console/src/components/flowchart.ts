import type { GraphNode } from './text';

interface Flowchart {
  direction: 'LR' | 'TB';
  nodes: GraphNode[];
  edges: { from: string; to: string; label?: string }[];
}

/** Longest brackets first, each with the shape that it stands for. */
const BRACKETS: readonly (readonly [open: string, close: string, shape: NonNullable<GraphNode['shape']>])[] = [
  ['([', '])', 'round'],
  ['((', '))', 'round'],
  ['[(', ')]', 'tool'],
  ['[[', ']]', 'box'],
  ['{{', '}}', 'tool'],
  ['{', '}', 'tool'],
  ['(', ')', 'round'],
  ['[', ']', 'box'],
];
const ARROW = /^\s*(?:(?:-->|---|-\.->|==>|--o|--x)\s*(?:\|([^|]*)\|)?|--\s+([^-]+?)\s+-->|-\.\s+([^.]+?)\s+\.->)\s*/;
const NODE_ID = /^[A-Za-z_][\w-]*/;

/**
 * Reads the part of Mermaid's flow charts that the platform writes: nodes of every usual shape, arrows with and without a label, chains
 * and subgraphs.
 * @returns undefined for any other diagram, and where a line cannot be read
 */
export function flowchartOf(source: string): Flowchart | undefined {
  const [head = '', ...lines] = source.trim().split('\n');
  const direction = /^\s*(?:flowchart|graph)\s+(LR|RL|TB|TD|BT)\s*;?\s*$/.exec(head)?.[1];
  if (direction === undefined) return undefined;
  const nodes = new Map<string, GraphNode>();
  const edges: Flowchart['edges'] = [];
  const groups: string[] = [];
  for (const line of lines.map((text) => text.trim().replace(/;$/, ''))) {
    if (line === '' || line.startsWith('%%') || /^(?:classDef|class|style|linkStyle|click|direction)\b/.test(line))
      continue;
    const group = /^subgraph\s+(?:[\w-]+\s*)?\[?"?([^"\]]*)"?\]?$/.exec(line)?.[1];
    if (group !== undefined) groups.push(group);
    else if (line === 'end') groups.pop();
    else if (!readLine(line, groups.at(-1), nodes, edges)) return undefined;
  }
  return nodes.size === 0
    ? undefined
    : { direction: direction === 'LR' || direction === 'RL' ? 'LR' : 'TB', nodes: [...nodes.values()], edges };
}

/** One node, or a chain of nodes and arrows. Returns whether all of it was read. */
function readLine(
  line: string,
  group: string | undefined,
  nodes: Map<string, GraphNode>,
  edges: Flowchart['edges'],
): boolean {
  let rest = line;
  let from: string | undefined;
  let label: string | undefined;
  for (;;) {
    const id = NODE_ID.exec(rest)?.[0];
    if (id === undefined) return false;
    rest = rest.slice(id.length);
    const bracket = BRACKETS.find(([open]) => rest.startsWith(open));
    const end = bracket ? rest.indexOf(bracket[1], bracket[0].length) : -1;
    if (bracket && end < 0) return false;
    const known = nodes.get(id);
    if (bracket) {
      const text = rest
        .slice(bracket[0].length, end)
        .replace(/^"|"$/g, '')
        .replace(/<br\s*\/?>/g, ' ');
      nodes.set(id, { id, label: text, shape: bracket[2], group: group ?? known?.group });
      rest = rest.slice(end + bracket[1].length);
    } else if (!known) nodes.set(id, { id, label: id, shape: 'box', group });
    if (from !== undefined) edges.push({ from, to: id, ...(label === undefined ? {} : { label }) });
    if (rest.trim() === '') return true;
    const arrow = ARROW.exec(rest);
    if (!arrow) return false;
    label = (arrow[1] ?? arrow[2] ?? arrow[3])?.trim().replace(/^"|"$/g, '');
    from = id;
    rest = rest.slice(arrow[0].length);
  }
}
