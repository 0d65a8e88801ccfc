import { monotonicFactory } from 'ulid';

/** Prefixes of the platform's ids; the prefix tells a reader and a route what kind of thing an id names. */
export type IdPrefix =
  | 'aud'
  | 'dec'
  | 'tool'
  | 'usr'
  | 'org'
  | 'key'
  | 'fam'
  | 'jti'
  | 'whk'
  | 'proj'
  | 'bld'
  | 'inv'
  | 'sess'
  | 'msg'
  | 'req'
  | 'lease'
  | 'file'
  | 'call';

/** Ids are a prefix and a ULID: unique, and in order of creation within one process even in the same millisecond. */
export class Ids {
  private readonly ulid = monotonicFactory();

  next(prefix: IdPrefix): string {
    return `${prefix}_${this.ulid()}`;
  }
}
