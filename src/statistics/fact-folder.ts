import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../shared/clock.js';
import { DatabaseError, DatabaseUnavailableError } from '../shared/domain-error.js';
import { CountersRepository } from './counters.repository.js';
import type { UncountedFact } from './fact.js';
import { contributionOf, UnusableFactError } from './contribution.js';
import { CounterSheet, rowName, type RowChange } from './counter-row.js';

const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 5;

/** How far a fold came. Facts in neither list were too contended, or are held back, and stay for the next pass. */
export interface FoldResult {
  /** Counted, by this fold or meanwhile by another, or deleted: nothing is left to do for them. */
  settled: UncountedFact[];
  /** Can not be counted, alone and in quiet: to be set aside. */
  unusable: UncountedFact[];
  /** A rebuild pauses counting: retry later. */
  paused: boolean;
}

/** Counts given facts, each exactly once, also when several processes count at the same time. */
@Injectable()
export class FactFolder {
  constructor(
    private readonly counters: CountersRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws DatabaseUnavailableError when the database is; what was folded before stays folded. */
  async fold(facts: UncountedFact[]): Promise<FoldResult> {
    const { batches, unusable } = foldBatches(facts);
    const result: FoldResult = { settled: [], unusable, paused: false };
    for (const batch of batches) {
      if (result.paused) break;
      add(result, await this.foldBatch(batch));
    }
    return result;
  }

  private async foldBatch(batch: UncountedFact[]): Promise<FoldResult> {
    try {
      return await this.countWhatIsLeft(batch);
    } catch (error) {
      if (!(error instanceof DatabaseError) || error instanceof DatabaseUnavailableError) throw error;
      return this.findTheCulprit(batch);
    }
  }

  /** The database refuses the transaction for good: halves are tried until the fact that spoils it stands alone. */
  private async findTheCulprit(batch: UncountedFact[]): Promise<FoldResult> {
    if (batch.length <= 1) return { settled: [], unusable: batch, paused: false };
    const middle = Math.ceil(batch.length / 2);
    const result = await this.foldBatch(batch.slice(0, middle));
    add(result, await this.foldBatch(batch.slice(middle)));
    return result;
  }

  private async countWhatIsLeft(batch: UncountedFact[]): Promise<FoldResult> {
    const result: FoldResult = { settled: [], unusable: [], paused: false };
    let left = batch;
    for (let attempt = 0; left.length > 0 && attempt < ATTEMPTS; attempt++) {
      const marks = left.map(({ mark }) => mark);
      const answer = await this.counters.count(marks, changesOf(left), this.clock.now());
      switch (answer.outcome) {
        case 'counted':
          return { ...result, settled: batch };
        case 'paused':
          return { ...result, paused: true };
        case 'taken':
          result.settled.push(...left.filter(({ mark }) => answer.taken.has(mark)));
          left = left.filter(({ mark }) => !answer.taken.has(mark));
          break;
        case 'busy':
          await delay(jittered(attempt));
          break;
      }
    }
    return result;
  }
}

function add(sum: FoldResult, part: FoldResult): void {
  sum.settled.push(...part.settled);
  sum.unusable.push(...part.unusable);
  sum.paused ||= part.paused;
}

function jittered(attempt: number): number {
  return Math.random() * FIRST_PAUSE_MS * 2 ** attempt;
}

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
