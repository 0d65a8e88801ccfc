import { randomFillSync } from 'node:crypto';
import { monotonicFactory } from 'ulid';

/** Prefixes of the platform's ids; the prefix tells a reader and a route what kind of thing an id names. */
export type IdPrefix =
  | 'appr'
  | 'aud'
  | 'cred'
  | 'ctr'
  | 'dec'
  | 'ex'
  | 'imp'
  | 'int'
  | 'tool'
  | 'usr'
  | 'org'
  | 'key'
  | 'fam'
  | 'jti'
  | 'push'
  | 'whk'
  | 'mail'
  | 'pkg'
  | 'proj'
  | 'bld'
  | 'inv'
  | 'sess'
  | 'msg'
  | 'req'
  | 'lease'
  | 'file'
  | 'call'
  | 'flow'
  | 'frun'
  | 'trg'
  | 'sig'
  | 'hold'
  | 'note'
  | 'roll';

const POOL_BYTES = 4_096;
/** A byte is one of so many values. */
const VALUES = 256;

/** Bytes of the system's generator, drawn a pool at a time: a call for each of an id's sixteen letters would cost more than the id. */
function randomNumbers(): () => number {
  const pool = new Uint8Array(POOL_BYTES);
  let next = POOL_BYTES;
  return () => {
    if (next === POOL_BYTES) {
      randomFillSync(pool);
      next = 0;
    }
    return (pool[next++] ?? 0) / VALUES;
  };
}

/** Ids are a prefix and a ULID: unique, and in order of creation within one process even in the same millisecond. */
export class Ids {
  private readonly ulid = monotonicFactory(randomNumbers());

  next(prefix: IdPrefix): string {
    return `${prefix}_${this.ulid()}`;
  }
}
