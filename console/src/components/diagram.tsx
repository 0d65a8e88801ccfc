import type { ReactElement } from 'react';
import { texts } from '../texts';
import { flowchartOf } from './flowchart';
import { Graph } from './text';
import { CopyableCode } from './ui';

/** A Mermaid flow chart, drawn; other diagrams of Mermaid as their source. */
export function Diagram({ source }: { source: string }): ReactElement {
  const chart = flowchartOf(source);
  if (!chart) return <CopyableCode code={source} label={texts.diagram.source} />;
  return (
    <figure className="diagram">
      <Graph
        nodes={chart.nodes}
        edges={chart.edges}
        direction={chart.direction}
        label={texts.diagram.label}
        height={340}
      />
      <details>
        <summary>{texts.diagram.source}</summary>
        <CopyableCode code={source} label={texts.diagram.source} />
      </details>
    </figure>
  );
}
