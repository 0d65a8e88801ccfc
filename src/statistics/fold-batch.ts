import { contributionOf, UnusableFactError } from './contribution.js';
import { CounterSheet, rowName, type RowChange } from './counter-row.js';
import type { UncountedFact } from './fact-source.js';

/** DynamoDB takes 100 items in a transaction; one is the check that no rebuild runs. */
const BATCH_ITEMS = 99;

/** Cuts facts into batches, as few as their order allows; facts that can never be counted are put aside. */
export function foldBatches(facts: UncountedFact[]): { batches: UncountedFact[][]; unusable: UncountedFact[] } {
  const batches: UncountedFact[][] = [];
  const unusable: UncountedFact[] = [];
  let rows = new Set<string>();
  for (const fact of facts) {
    const names = rowsOf(fact);
    if (!names) {
      unusable.push(fact);
      continue;
    }
    const current = batches.at(-1);
    const grown = new Set([...rows, ...names]);
    if (current && current.length + 1 + grown.size <= BATCH_ITEMS) {
      current.push(fact);
      rows = grown;
    } else {
      batches.push([fact]);
      rows = new Set(names);
    }
  }
  return { batches, unusable };
}

/** What the facts of a batch add to the counters, each row once. */
export function changesOf(batch: UncountedFact[]): RowChange[] {
  return new CounterSheet(batch.flatMap(({ fact }) => contributionOf(fact))).changes();
}

function rowsOf({ fact }: UncountedFact): string[] | undefined {
  try {
    return contributionOf(fact).map(rowName);
  } catch (error) {
    if (error instanceof UnusableFactError) return undefined;
    throw error;
  }
}
