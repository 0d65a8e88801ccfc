import type { TableDefinition } from '../platform/database/table-definition.js';

export const PARTNERSHIPS_TABLE = 'PlatformPartnerships';

/**
 * PlatformPartnerships keeps the partnerships of an organization under one key, so that one query reads all of them:
 *
 * | owner | item | holds |
 * |---|---|---|
 * | `ORG#<org>` | `ORG` | when the defaults were seeded, and the last audited status of the system |
 * | `ORG#<org>` | `PARTNERSHIP#<id>` | the record |
 * | `ORG#<org>` | `PUSHED#<id>` | the last points of each pushed metric |
 * | `ORG#<org>` | `WATCH#<id>` | schedule, lease and last result of the probe; in `DueIndex` if there is something to probe |
 * | `ORG#<org>#PROBES#<id>#<created_at>` | `SLICE#…`, `HOUR#…` | buckets of its sliding windows (`statistics/window.ts`); they expire |
 */
export const PARTNERSHIP_TABLES: TableDefinition[] = [
  {
    name: PARTNERSHIPS_TABLE,
    partition_key: 'owner',
    sort_key: 'item',
    indexes: [{ name: 'DueIndex', partition_key: 'watched', sort_key: 'due_at' }],
    ttl_attribute: 'expires_at',
  },
];

const RECORD = 'PARTNERSHIP#';
const PUSHED = 'PUSHED#';
const WATCH = 'WATCH#';

export interface ItemKey extends Record<string, string> {
  owner: string;
  item: string;
}

export const ownerOf = (org_id: string): string => `ORG#${org_id}`;
export const orgKey = (org_id: string): ItemKey => ({ owner: ownerOf(org_id), item: 'ORG' });
export const recordKey = (org_id: string, id: string): ItemKey => ({ owner: ownerOf(org_id), item: RECORD + id });
export const pushedKey = (org_id: string, id: string): ItemKey => ({ owner: ownerOf(org_id), item: PUSHED + id });
export const watchKey = (org_id: string, id: string): ItemKey => ({ owner: ownerOf(org_id), item: WATCH + id });
export const probesOf = ({ org_id, id, created_at }: { org_id: string; id: string; created_at: string }): string =>
  `ORG#${org_id}#PROBES#${id}#${created_at}`;

/** The only partition of the sparse index of due probes. */
export const WATCHED = 'WATCHED';

/**
 * One partition per organization: `DECISION#<id>` (ids sort by time, so newest first needs no index), `OUTCOMES` (the sums that
 * calibration is computed from, written in the transaction of each outcome) and `COUNT#0`..`COUNT#15` (the number of decisions
 * by verdict; sixteen items, so that concurrent decisions rarely write the same one).
 */
export const DECISION_TABLES: TableDefinition[] = [
  { name: 'PlatformDecisions', partition_key: 'org_id', sort_key: 'item' },
];
