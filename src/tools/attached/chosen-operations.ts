/** More would crowd everything else out of the model's view. */
const OPERATIONS_MAX = 50;
const NAMED_IN_ERROR = 20;

/** The operations that a tool keeps, or the field of the request that is at fault and why. */
export function chosenOperations<T extends { operation: string }>(
  all: T[],
  wanted: readonly string[] | undefined,
): { kept: T[] } | { field: string; problem: string } {
  const there = new Set(all.map(({ operation }) => operation));
  const unknown = (wanted ?? []).filter((name) => !there.has(name));
  if (unknown.length > 0)
    return { field: 'config.operations', problem: `names what is not there: ${unknown.join(', ')}` };
  const kept = wanted ? all.filter(({ operation }) => wanted.includes(operation)) : all;
  if (kept.length === 0) return { field: 'config', problem: 'offers no operation' };
  if (kept.length <= OPERATIONS_MAX) return { kept };
  const names = kept.slice(0, NAMED_IN_ERROR).map(({ operation }) => operation.slice(0, 200));
  const problem = `must choose at most ${OPERATIONS_MAX}; there are ${kept.length}: ${names.join(', ')}...`;
  return { field: 'config.operations', problem };
}
