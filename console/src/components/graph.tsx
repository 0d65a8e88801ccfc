import dagre from '@dagrejs/dagre';
import { useComputedColorScheme } from '@mantine/core';
import {
  Background,
  Controls,
  Handle,
  MarkerType,
  Position,
  ReactFlow,
  type Edge,
  type Node,
  type NodeProps,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useMemo, type ReactElement } from 'react';
import { texts } from '../texts';
import type { GraphNode, GraphProps } from './text';

const [WIDTH, HEIGHT] = [190, 58];

type Box = Node<Pick<GraphNode, keyof GraphNode> & { isHorizontal: boolean }, 'box'>;

function BoxNode({ data, selected }: NodeProps<Box>): ReactElement {
  const { label, note, status, shape = 'box', isHorizontal } = data;
  return (
    <div className="graph-node" data-shape={shape} data-status={status} data-selected={selected}>
      <Handle type="target" position={isHorizontal ? Position.Left : Position.Top} isConnectable={false} />
      <span className="graph-label">{label}</span>
      {note !== undefined && <span className="graph-note">{note}</span>}
      {status !== undefined && <span className="visually-hidden">{texts.statuses[status] ?? status}</span>}
      <Handle type="source" position={isHorizontal ? Position.Right : Position.Bottom} isConnectable={false} />
    </div>
  );
}

const NODE_TYPES = { box: BoxNode };

const ARROW = { type: MarkerType.ArrowClosed, width: 16, height: 16 };

/** An arrow and the one back become one with two heads, which crosses nothing. */
function joined(
  edges: GraphProps['edges'],
): { from: string; to: string; label?: string | undefined; isBoth: boolean }[] {
  const isBack = ({ from, to }: { from: string; to: string }, index: number): boolean =>
    edges.slice(0, index).some((other) => other.from === to && other.to === from);
  return edges.flatMap((edge, index) => {
    if (isBack(edge, index)) return [];
    const back = edges.find((other, at) => at > index && other.from === edge.to && other.to === edge.from);
    const label = [edge.label, back?.label].filter((text) => text !== undefined).join(' / ');
    return [{ from: edge.from, to: edge.to, label: label === '' ? undefined : label, isBoth: back !== undefined }];
  });
}

export default function GraphView(props: GraphProps): ReactElement {
  const { nodes, edges, label, direction = 'LR', height = 320, selected, onSelect } = props;
  const scheme = useComputedColorScheme('light');
  const placed = useMemo(() => placedNodes(nodes, edges, direction), [nodes, edges, direction]);
  const lines = useMemo(
    (): Edge[] =>
      joined(edges).map(({ from, to, label: text, isBoth }) => ({
        id: `${from}-${to}`,
        source: from,
        target: to,
        ...(text === undefined ? {} : { label: text }),
        type: 'smoothstep',
        markerEnd: ARROW,
        ...(isBoth ? { markerStart: ARROW } : {}),
        focusable: false,
      })),
    [edges],
  );
  return (
    <div className="graph" style={{ height }} role="group" aria-label={label}>
      <ReactFlow
        nodes={placed.map((node) => ({ ...node, selected: node.id === selected }))}
        edges={lines}
        nodeTypes={NODE_TYPES}
        colorMode={scheme}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.12 }}
        minZoom={0.2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={onSelect !== undefined}
        edgesFocusable={false}
        zoomOnScroll={false}
        preventScrolling={false}
        panOnDrag
        onNodeClick={(_event, node) => onSelect?.(node.id)}
        onSelectionChange={undefined}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={18} size={1} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

function placedNodes(nodes: GraphProps['nodes'], edges: GraphProps['edges'], direction: 'LR' | 'TB'): Box[] {
  const layout = new dagre.graphlib.Graph().setDefaultEdgeLabel(() => ({}));
  layout.setGraph({ rankdir: direction, nodesep: 28, ranksep: 64 });
  for (const { id } of nodes) layout.setNode(id, { width: WIDTH, height: HEIGHT });
  for (const { from, to } of edges) if (layout.hasNode(from) && layout.hasNode(to)) layout.setEdge(from, to);
  dagre.layout(layout);
  return nodes.map((node) => {
    const { x, y } = layout.node(node.id) as { x: number; y: number };
    return {
      id: node.id,
      type: 'box' as const,
      position: { x: x - WIDTH / 2, y: y - HEIGHT / 2 },
      width: WIDTH,
      height: HEIGHT,
      data: { ...node, isHorizontal: direction === 'LR' },
      ariaLabel: node.label,
    };
  });
}
