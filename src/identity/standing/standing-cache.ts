import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import type { RecordKey } from '../identity-keys.js';
import { StandingRepository } from './standing.repository.js';

/** How long another process may go on letting in who was removed here. The contract allows a minute. */
const KEPT_MS = 30_000;
const LARGEST = 20_000;

interface Entry {
  until: number;
  record: Promise<unknown>;
}

/**
 * Users, memberships, keys and revoked tokens as they were at most 30 seconds ago, so that a request costs no call to the
 * database. What this process changes it forgets at once. What is not there is remembered as well.
 */
@Injectable()
export class StandingCache {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly repository: StandingRepository,
    private readonly clock: Clock,
  ) {}

  read<T>(key: RecordKey): Promise<T | undefined> {
    const name = nameOf(key);
    const known = this.entries.get(name);
    const now = this.clock.now().getTime();
    if (known && known.until > now) return known.record as Promise<T | undefined>;
    return this.load<T>(key, name, now);
  }

  forget(...keys: RecordKey[]): void {
    for (const key of keys) this.entries.delete(nameOf(key));
  }

  private load<T>(key: RecordKey, name: string, now: number): Promise<T | undefined> {
    const record = this.repository.find(key);
    const entry = { until: now + KEPT_MS, record };
    this.entries.delete(name);
    this.entries.set(name, entry);
    this.dropOldest();
    // A failed look is not remembered: the next request looks again.
    record.catch(() => {
      if (this.entries.get(name) === entry) this.entries.delete(name);
    });
    return record as Promise<T | undefined>;
  }

  private dropOldest(): void {
    if (this.entries.size <= LARGEST) return;
    const oldest = this.entries.keys().next().value;
    if (oldest !== undefined) this.entries.delete(oldest);
  }
}

const nameOf = ({ pk, sk }: RecordKey): string => `${pk}\n${sk}`;
