import { describe, expect, it } from 'vitest';
import { flowchartOf } from './flowchart';

describe('flow charts of Mermaid', () => {
  it('are read with shapes, groups, labels and chains', () => {
    const chart = flowchartOf(`flowchart LR
  user(["User"])
  subgraph agent["One deployed agent"]
    role0["Support <br/> desk"]
    part1["memory"]
  end
  user -->|message| role0 --> tool1{{"calculator"}}
  role0 --- part1
  a -- yes --> b`);
    expect(chart?.direction).toBe('LR');
    expect(chart?.nodes).toEqual([
      { id: 'user', label: 'User', shape: 'round', group: undefined },
      { id: 'role0', label: 'Support   desk', shape: 'box', group: 'One deployed agent' },
      { id: 'part1', label: 'memory', shape: 'box', group: 'One deployed agent' },
      { id: 'tool1', label: 'calculator', shape: 'tool', group: undefined },
      { id: 'a', label: 'a', shape: 'box', group: undefined },
      { id: 'b', label: 'b', shape: 'box', group: undefined },
    ]);
    expect(chart?.edges).toEqual([
      { from: 'user', to: 'role0', label: 'message' },
      { from: 'role0', to: 'tool1' },
      { from: 'role0', to: 'part1' },
      { from: 'a', to: 'b', label: 'yes' },
    ]);
  });

  it('are left as source when they are another diagram or hold an unknown line', () => {
    expect(flowchartOf('sequenceDiagram\n A->>B: hi')).toBeUndefined();
    expect(flowchartOf('flowchart TD\n a --> b\n ??')).toBeUndefined();
    expect(flowchartOf('flowchart TD')).toBeUndefined();
  });
});
