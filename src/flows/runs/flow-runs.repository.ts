import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../../platform/database/cursors.js';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { pack, type PackedText, unpack } from '../../platform/database/packed-text.js';
import { write, type Write } from '../../platform/database/unit-of-work.js';
import { boundsOf, type Page, type TimeRange } from '../../shared/page.js';
import { type PageWish, pageWish } from '../flows.repository.js';
import {
  type ChildEnd,
  type Decision,
  FINAL_STATUSES,
  type FlowRun,
  INLINE_MAX_BYTES,
  type ListedRun,
  type RunControl,
  type RunEvent,
  runKeyOf,
  type RunState,
  type RunStatus,
  type Signal,
  type StepRecord,
  type StoredValue,
} from './flow-run.js';

const TABLE = 'FlowRuns';
const RUN = 'S#RUN';
const CONTROL = 'SX#CONTROL';
const HOLDER = 'HOLDER';
/** Bytes of one part of a large value; an item holds 400 KB. */
const PART_BYTES = 350_000;
const EVENTS_KEPT_SECONDS = 7 * 86_400;
const KEYS_KEPT_SECONDS = 30 * 86_400;
const EVENTS_READ = 50;

/** Clauses of the writes below. */
const IS_NEW = 'attribute_not_exists(run_key)';
const HOLDS_LOCK = 'run_id = :run';

export interface RunFilter extends TimeRange {
  flow_id?: string | undefined;
  status?: RunStatus | undefined;
}

/** A value and the writes of the parts that do not fit its record. */
export interface PreparedValue {
  stored: StoredValue;
  writes: Write[];
}

export interface RememberedRun {
  run_id: string;
  input_hash: string;
}

type Row = { run_key: string; item: string } & Record<string, unknown>;

/** Runs of flows. A run is one item collection; see `flows.tables.ts`. */
@Injectable()
export class FlowRunsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
  ) {}

  /** Everything that decides what happens next, in one query; a second one while the run waits for its lock. */
  async load(run_key: string): Promise<RunState | undefined> {
    const state: RunState = {
      run: undefined as unknown as FlowRun,
      ...{ steps: new Map<string, StepRecord>(), signals: [], decisions: new Map<string, Decision>() },
      ...{ children: new Map<string, ChildEnd>(), is_locked_out: false, completed_scopes: new Set<string>() },
    };
    let control: RunControl | undefined;
    for await (const row of this.rows(run_key, 'S')) {
      if (row.item === RUN) state.run = runOf(row);
      else if (row.item.startsWith('S#STEP#')) addStep(state, row);
      else if (row.item === CONTROL) control = row as unknown as RunControl;
      else addOutside(state, row);
    }
    // The type has no run yet when nothing is stored.
    if ((state.run as FlowRun | undefined) === undefined) return undefined;
    await this.addControl(state, control);
    return state;
  }

  /** Reads again what other processes write of a run: its signals, decisions, ended flows and control. */
  async refresh(run_key: string, state: RunState): Promise<void> {
    let control: RunControl | undefined;
    state.signals.length = 0;
    for await (const row of this.rows(run_key, 'SX#')) {
      if (row.item === CONTROL) control = row as unknown as RunControl;
      else addOutside(state, row);
    }
    await this.addControl(state, control);
  }

  async findRun(org_id: string, run_id: string): Promise<FlowRun | undefined> {
    const run_key = runKeyOf({ org_id, run_id });
    const [row, control] = await this.db.batchGet<Row>([
      { table: TABLE, key: { run_key, item: RUN } },
      { table: TABLE, key: { run_key, item: CONTROL } },
    ]);
    return row && { ...runOf(row), ...controlFields(control as RunControl | undefined) };
  }

  async findControl(run_key: string): Promise<RunControl | undefined> {
    return this.db.get<RunControl>(TABLE, { run_key, item: CONTROL });
  }

  /** The record of a run as it is now. Callers add the engine's fence. */
  runWrite(run: FlowRun, isNew = false): Write {
    const { is_paused: _, cancel: __, ...stored } = run;
    const { org_id, flow_id, status } = run;
    const Item = {
      ...{ ...stored, run_key: runKeyOf(run), item: RUN },
      ...{ list_org: org_id, list_org_status: `${org_id}#${status}`, list_flow: `${org_id}#${flow_id}` },
      ...packedValues(stored, ['input', 'output']),
    };
    return write.put({ TableName: TABLE, Item, ...(isNew ? { ConditionExpression: IS_NEW } : {}) });
  }

  /** Callers add the engine's fence. */
  stepWrite(run_key: string, record: StepRecord): Write {
    const Item = { ...record, run_key, item: `S#STEP#${record.key}`, ...packedValues(record, ['input', 'output']) };
    return write.put({ TableName: TABLE, Item });
  }

  /** Forgets that a step ran, before it runs again. */
  stepDeletion(run_key: string, key: string): Write {
    return write.delete({ TableName: TABLE, Key: { run_key, item: `S#STEP#${key}` } });
  }

  /** A value for a record; a large one with the writes of its parts. @param name unique within the run, e.g. `charge[2]#output` */
  prepareValue(run_key: string, name: string, value: unknown): PreparedValue {
    const text = JSON.stringify(value ?? null) ?? 'null';
    const bytes = Buffer.byteLength(text);
    if (bytes <= INLINE_MAX_BYTES) return { stored: { value: value ?? null }, writes: [] };
    const packed = gzipSync(text);
    const parts = Math.ceil(packed.byteLength / PART_BYTES);
    const writes = Array.from({ length: parts }, (_, index) =>
      write.put({
        TableName: TABLE,
        Item: {
          ...{ run_key, item: partKey(name, index) },
          part: packed.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
        },
      }),
    );
    return { stored: { parts, bytes }, writes };
  }

  /** The value itself, read from its parts when it is stored apart. */
  async readValue(run_key: string, name: string, stored: StoredValue | null | undefined): Promise<unknown> {
    if (!stored) return null;
    if ('value' in stored) return stored.value;
    const keys = Array.from({ length: stored.parts }, (_, index) => ({
      table: TABLE,
      key: { run_key, item: partKey(name, index) },
    }));
    const rows = await this.db.batchGet<{ part: Uint8Array }>(keys);
    const packed = Buffer.concat(rows.map((row) => row?.part ?? new Uint8Array()));
    return JSON.parse(gunzipSync(packed).toString('utf8')) as unknown;
  }

  signalWrite(run_key: string, signal: Signal): Write {
    const Item = { run_key, item: `SX#SIGNAL#${signal.signal_id}`, ...signal, data: pack(JSON.stringify(signal.data)) };
    return write.put({ TableName: TABLE, Item });
  }

  /** A decision is made once. @param refusal for a second one */
  decisionWrite(run_key: string, decision: Decision, refusal: () => Error): Write {
    const Item = { run_key, item: `SX#DECISION#${decision.key}`, ...decision };
    return write.put({ TableName: TABLE, Item, ConditionExpression: IS_NEW }, refusal);
  }

  /** Forgets a decision, before its step runs again. */
  decisionDeletion(run_key: string, key: string): Write {
    return write.delete({ TableName: TABLE, Key: { run_key, item: `SX#DECISION#${key}` } });
  }

  childWrite(run_key: string, end: ChildEnd): Write {
    const Item = { run_key, item: `SX#CHILD#${end.key}`, ...end, output: pack(JSON.stringify(end.output)) };
    return write.put({ TableName: TABLE, Item });
  }

  childDeletion(run_key: string, key: string): Write {
    return write.delete({ TableName: TABLE, Key: { run_key, item: `SX#CHILD#${key}` } });
  }

  /** On condition that nobody changed it since it was read. @param refusal for a concurrent change */
  controlWrite(run_key: string, before: RunControl | undefined, control: RunControl, refusal: () => Error): Write {
    const isUnchanged = before
      ? { ConditionExpression: 'revision = :revision', ExpressionAttributeValues: { ':revision': before.revision } }
      : { ConditionExpression: IS_NEW };
    return write.put({ TableName: TABLE, Item: { run_key, item: CONTROL, ...control }, ...isUnchanged }, refusal);
  }

  /** Stored with the run: a second run with the same key is refused. */
  keyWrite(run: FlowRun, key: string, input_hash: string, now: Date, refusal: () => Error): Write {
    const expires_at = Math.floor(now.getTime() / 1000) + KEYS_KEPT_SECONDS;
    const Item = { ...keyOfKey(run.org_id, run.flow_id, key), run_id: run.run_id, input_hash, expires_at };
    return write.put({ TableName: TABLE, Item, ConditionExpression: IS_NEW }, refusal);
  }

  async findByKey(org_id: string, flow_id: string, key: string): Promise<RememberedRun | undefined> {
    return this.db.get<RememberedRun>(TABLE, keyOfKey(org_id, flow_id, key));
  }

  /** Joins the queue of a concurrency key. */
  queueWrite(lock: string, run: Pick<FlowRun, 'run_id' | 'org_id'>): Write {
    const { run_id, org_id } = run;
    return write.put({ TableName: TABLE, Item: { run_key: lock, item: `Q#${run_id}`, run_id, org_id } });
  }

  /** Takes the lock, if no other run holds it. @param refusal when one does */
  holderWrite(lock: string, run: Pick<FlowRun, 'run_id' | 'org_id'>, refusal: () => Error): Write {
    const { run_id, org_id } = run;
    return write.put(
      {
        TableName: TABLE,
        Item: { run_key: lock, item: HOLDER, run_id, org_id },
        ConditionExpression: `${IS_NEW} OR ${HOLDS_LOCK}`,
        ExpressionAttributeValues: { ':run': run_id },
      },
      refusal,
    );
  }

  /** Gives the lock back and leaves its queue. */
  lockDeletions(lock: string, { run_id }: Pick<FlowRun, 'run_id'>, isHeld: boolean): Write[] {
    const queue = write.delete({ TableName: TABLE, Key: { run_key: lock, item: `Q#${run_id}` } });
    if (!isHeld) return [queue];
    const holder = write.delete({
      TableName: TABLE,
      Key: { run_key: lock, item: HOLDER },
      ConditionExpression: `${IS_NEW} OR ${HOLDS_LOCK}`,
      ExpressionAttributeValues: { ':run': run_id },
    });
    return [queue, holder];
  }

  /** The run that holds a lock and those that wait for it, the oldest first; at most 100. */
  async lockState(lock: string): Promise<{ holder: string | undefined; waiting: string[] }> {
    const { items } = await this.db.query<{ item: string; run_id: string }>({
      TableName: TABLE,
      KeyConditionExpression: 'run_key = :lock',
      ExpressionAttributeValues: { ':lock': lock },
      ConsistentRead: true,
      Limit: 100,
    });
    const waiting = items.filter(({ item }) => item !== HOLDER).map(({ run_id }) => run_id);
    return { holder: items.find(({ item }) => item === HOLDER)?.run_id, waiting };
  }

  /** Events of one commit. */
  eventsWrite(run_key: string, events: RunEvent[], now: Date): Write {
    const expires_at = Math.floor(now.getTime() / 1000) + EVENTS_KEPT_SECONDS;
    const item = eventKey(events.at(-1)?.id ?? 0);
    return write.put({ TableName: TABLE, Item: { run_key, item, events: pack(JSON.stringify(events)), expires_at } });
  }

  /** GET /flow-runs/{id}/events: the next events after a position, oldest first. */
  async eventsAfter(run_key: string, position: number): Promise<RunEvent[]> {
    const { items } = await this.db.query<{ events: PackedText }>({
      TableName: TABLE,
      KeyConditionExpression: 'run_key = :key AND #item BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':key': run_key, ':from': eventKey(position + 1), ':to': 'E#~' },
      ConsistentRead: true,
      Limit: EVENTS_READ,
    });
    return items.flatMap(({ events }) => JSON.parse(unpack(events)) as RunEvent[]).filter(({ id }) => id > position);
  }

  /** The number of the newest event; 0 when none is kept. */
  async lastEvent(run_key: string): Promise<number> {
    const { items } = await this.db.query<{ item: string }>({
      TableName: TABLE,
      KeyConditionExpression: 'run_key = :key AND begins_with(#item, :event)',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':key': run_key, ':event': 'E#' },
      ProjectionExpression: '#item',
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: 1,
    });
    return Number(items[0]?.item.slice(2) ?? 0);
  }

  /** GET /flow-runs and GET /flows/{id}/runs: newest first. */
  async list(org_id: string, filter: RunFilter, page: PageWish): Promise<Page<ListedRun>> {
    const { flow_id, status, from, to } = filter;
    const index = indexOf(org_id, filter);
    const bounds = boundsOf(filter);
    return pageOf<ListedRun>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        IndexName: index.name,
        KeyConditionExpression: '#partition = :partition AND created_at BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#partition': index.attribute },
        ExpressionAttributeValues: { ':partition': index.value, ':from': bounds.from, ':to': bounds.to },
        ScanIndexForward: false,
      },
      scope: `flow-runs:${org_id}:${JSON.stringify([flow_id, status, from, to])}`,
      ...pageWish(page),
      key_attributes: ['run_key', 'item', index.attribute, 'created_at'],
      ...(flow_id !== undefined && status !== undefined ? { keep: (run: ListedRun) => run.status === status } : {}),
    });
  }

  /** Deletes every run of an organization, from an eventually consistent index. */
  async deleteByOrg(org_id: string): Promise<void> {
    const runs = this.db.queryAll<{ run_key: string }>({
      TableName: TABLE,
      IndexName: 'OrgIndex',
      KeyConditionExpression: 'list_org = :org',
      ExpressionAttributeValues: { ':org': org_id },
    });
    for await (const { run_key } of runs) await this.deleteRun(run_key);
  }

  /** The run itself goes last: by it an interrupted deletion is found again. */
  private async deleteRun(run_key: string): Promise<void> {
    const row = await this.db.get<Row>(TABLE, { run_key, item: RUN });
    const run = row && runOf(row);
    const { lock, idempotency_hash, run_id, org_id, flow_id } = run ?? ({} as Partial<FlowRun>);
    const keys: { run_key: string; item: string }[] = [];
    for await (const { item } of this.rows(run_key, undefined)) if (item !== RUN) keys.push({ run_key, item });
    if (lock) keys.push({ run_key: lock.key, item: HOLDER }, { run_key: lock.key, item: `Q#${run_id}` });
    if (idempotency_hash !== undefined && org_id !== undefined)
      keys.push({ run_key: `${org_id}#KEY#${flow_id}#${idempotency_hash}`, item: 'KEY' });
    await this.db.batchDelete(TABLE, keys);
    await this.db.batchDelete(TABLE, [{ run_key, item: RUN }]);
  }

  /** @param prefix undefined: every record of the run, by its key alone */
  private rows(run_key: string, prefix: string | undefined): AsyncGenerator<Row> {
    const isAll = prefix === undefined;
    return this.db.queryAll<Row>({
      TableName: TABLE,
      KeyConditionExpression: isAll ? 'run_key = :key' : 'run_key = :key AND begins_with(#item, :prefix)',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':key': run_key, ...(isAll ? {} : { ':prefix': prefix }) },
      ...(isAll ? { ProjectionExpression: 'run_key, #item' } : {}),
      ConsistentRead: true,
    });
  }

  private async addControl(state: RunState, control: RunControl | undefined): Promise<void> {
    Object.assign(state.run, controlFields(control));
    const { lock, run_id } = state.run;
    if (!lock || lock.held || FINAL_STATUSES.includes(state.run.status)) return;
    const { holder, waiting } = await this.lockState(lock.key);
    state.is_locked_out = holder === undefined ? (waiting[0] ?? run_id) !== run_id : holder !== run_id;
  }
}

const controlFields = (control: RunControl | undefined): Pick<FlowRun, 'is_paused' | 'cancel'> => ({
  is_paused: control?.is_paused ?? false,
  cancel: control?.cancel ?? null,
});

function addStep(state: RunState, { run_key: _, item: key, ...row }: Row): void {
  const record = { ...row, ...unpackedValues(row, ['input', 'output']) } as unknown as StepRecord;
  state.steps.set(key.slice('S#STEP#'.length), { ...record, item: itemOf(record.key) });
}

/** `item` is the sort key of the table, so that of a step is read from its key. */
const itemOf = (key: string): string | null => key.split('[')[1]?.slice(0, -1) ?? null;

function addOutside(state: RunState, { run_key: _, item, ...row }: Row): void {
  const unpacked = (field: string): unknown => JSON.parse(unpack(row[field] as PackedText)) as unknown;
  if (item.startsWith('SX#SIGNAL#')) state.signals.push({ ...(row as unknown as Signal), data: unpacked('data') });
  else if (item.startsWith('SX#DECISION#')) {
    const decision = row as unknown as Decision;
    state.decisions.set(decision.key, decision);
  } else if (item.startsWith('SX#CHILD#')) {
    const end = { ...row, output: unpacked('output') } as unknown as ChildEnd;
    state.children.set(end.key, end);
  }
}

function runOf({ run_key: _, item: __, list_org: ___, list_org_status: ____, list_flow: _____, ...row }: Row): FlowRun {
  const values = unpackedValues(row, ['input', 'output']);
  return { ...(row as unknown as FlowRun), ...values, is_paused: false, cancel: null };
}

/** Values are JSON of callers: as text they keep their nulls, their numbers and the order of their fields. */
function packedValues(record: object, fields: readonly string[]): Record<string, unknown> {
  const given = record as Record<string, unknown>;
  return Object.fromEntries(
    fields.filter((field) => given[field]).map((field) => [field, pack(JSON.stringify(given[field]))]),
  );
}

function unpackedValues(row: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    fields
      .filter((field) => row[field])
      .map((field) => [field, JSON.parse(unpack(row[field] as PackedText)) as unknown]),
  );
}

const partKey = (name: string, index: number): string => `V#${name}#${index}`;
const eventKey = (id: number): string => `E#${String(id).padStart(8, '0')}`;
/** The name of an idempotency key in the table. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const keyOfKey = (org_id: string, flow_id: string, key: string): { run_key: string; item: string } => ({
  run_key: `${org_id}#KEY#${flow_id}#${hashOf(key)}`,
  item: 'KEY',
});

/** The partition of a concurrency key. */
export const lockKeyOf = (org_id: string, flow_id: string, key: string): string =>
  `${org_id}#LOCK#${flow_id}#${hashOf(key)}`;

function indexOf(org_id: string, { flow_id, status }: RunFilter): { name: string; attribute: string; value: string } {
  if (flow_id !== undefined) return { name: 'FlowIndex', attribute: 'list_flow', value: `${org_id}#${flow_id}` };
  if (status !== undefined)
    return { name: 'OrgStatusIndex', attribute: 'list_org_status', value: `${org_id}#${status}` };
  return { name: 'OrgIndex', attribute: 'list_org', value: org_id };
}
