import type { TableDefinition } from '../platform/database/table-definition.js';

const LISTED = [
  ...['run_id', 'org_id', 'flow_id', 'flow_version', 'status', 'trigger', 'error', 'cost_usd'],
  ...['dry_run', 'started_at', 'ended_at'],
];

/** The organization is part of every partition key. */
export const FLOW_TABLES: TableDefinition[] = [
  /**
   * Flows.
   *
   * - `ORG#<org>` / `FLOW#<id>`: a flow with its draft.
   * - `FLOW#<org>#<id>` / `VERSION#000001`, `TRIGGER#<id>`, `DEAD#<id>`: what belongs to one flow.
   * - `HOOK#<hook id>` / `HOOK`: the trigger that an inbound webhook belongs to. The id is random and is the only key that a
   *   caller without an account has.
   * - `EVENT#<org>#<type>` / trigger id: triggers by the event that they wait for.
   * - `DEAD#<org>` / id: the flow of a dead letter.
   *
   * `DueIndex` is sparse: enabled schedules by the time of their next run.
   */
  {
    name: 'Flows',
    partition_key: 'owner',
    sort_key: 'item',
    indexes: [{ name: 'DueIndex', partition_key: 'due', sort_key: 'due_at', projection: 'KEYS_ONLY' }],
    ttl_attribute: 'expires_at',
  },
  /**
   * Runs of flows. `<org>#<run id>` is one item collection: `S#RUN`, `S#STEP#<key>`, `S#SIGNAL#<id>`, `S#DECISION#<key>`,
   * `S#CHILD#<key>` and `S#CONTROL` are the state that decides what happens next, read in one query; `V#…` are larger values,
   * `E#<number>` events. `<org>#KEY#…` are idempotency keys, `<org>#LOCK#…` the runs of a concurrency key: `HOLDER` and
   * `Q#<run id>`.
   */
  {
    name: 'FlowRuns',
    partition_key: 'run_key',
    sort_key: 'item',
    indexes: [
      { name: 'OrgIndex', partition_key: 'list_org', sort_key: 'created_at', projection: LISTED },
      { name: 'OrgStatusIndex', partition_key: 'list_org_status', sort_key: 'created_at', projection: LISTED },
      { name: 'FlowIndex', partition_key: 'list_flow', sort_key: 'created_at', projection: LISTED },
    ],
    ttl_attribute: 'expires_at',
  },
];
