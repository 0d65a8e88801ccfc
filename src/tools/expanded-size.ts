/**
 * How many values a parsed document has when every alias counts wherever it stands, up to a budget: a few hundred bytes of YAML
 * can hold billions. Beyond the budget or the depth, the answer is larger than the budget and the walk ends.
 */
export function expandedSize(document: unknown, budget: number, depthMax: number): number {
  let size = 0;
  const walk = (value: unknown, depth: number): void => {
    size += 1;
    if (depth > depthMax) size = budget + 1;
    if (typeof value !== 'object' || value === null) return;
    for (const child of Array.isArray(value) ? (value as unknown[]) : Object.values(value)) {
      if (size > budget) return;
      walk(child, depth + 1);
    }
  };
  walk(document, 0);
  return size;
}
