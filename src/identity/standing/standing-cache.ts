import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../shared/clock.js';
import type { RecordKey } from '../identity-keys.js';
import { StandingRepository } from './standing.repository.js';

/** An open stream looks once a second, and the contract allows 5 seconds until it ends. */
export const KEPT_MS = 4_000;
const LARGEST = 20_000;

interface Entry {
  begun: number;
  record: Promise<unknown>;
}

/**
 * Sign-ins, users, memberships and keys as they were at most 4 seconds ago, so that most requests cost no call to the database;
 * the records that a request lacks are read in one batch. A change made by this process is seen at once. Missing records are
 * remembered too, failed reads are not.
 */
@Injectable()
export class StandingCache {
  /** Not the cache's own `fetch`: it cannot remember that a record is missing, and a deletion fails those who wait. */
  private readonly entries = new LRUCache<string, Entry>({ max: LARGEST });

  constructor(
    private readonly repository: StandingRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws DatabaseError */
  read<T>(key: RecordKey): Promise<T | undefined> {
    const name = nameOf(key);
    const begun = this.clock.now().getTime();
    const known = this.entries.get(name);
    const age = known ? begun - known.begun : Infinity;
    if (known && age >= 0 && age < KEPT_MS) return known.record as Promise<T | undefined>;
    const entry = { begun, record: this.repository.find(key) };
    this.entries.set(name, entry);
    entry.record.catch(() => {
      if (this.entries.peek(name) === entry) this.entries.delete(name);
    });
    return entry.record as Promise<T | undefined>;
  }

  /** Call it after the change is stored: a read that began before may hold the old record. */
  forget(...keys: RecordKey[]): void {
    for (const key of keys) this.entries.delete(nameOf(key));
  }
}

const nameOf = ({ pk, sk }: RecordKey): string => `${pk}\n${sk}`;
