import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../platform/database/client/dynamodb.js';
import { write, type Write } from '../platform/database/unit-of-work.js';
import { type EngineName, RunOverError } from './engine.js';
import { RunLostError } from './workflow-kind.js';

const TABLE = 'DurableRuns';
const TIMER = 'TIMER';
/** In the place of TIMER for runs that are handed to Temporal when they are due. */
const OUTBOX = 'TEMPORAL';

/** Clauses of the writes below. */
const RUN_IS_NEW = 'attribute_not_exists(run_id)';
const RUN_EXISTS = 'attribute_exists(run_id)';
const LEASE_IS_OURS = 'lease_token = :token';
const NOTHING_WOKE_IT = 'wakes = :seen';

/**
 * A run that has not ended. Its life: queued → running → (parked → running)…, then the record is deleted.
 *
 * - queued: `queue_name` is `<kind>#QUEUED`; no lease.
 * - running: `queue_name` is `<kind>#RUNNING`, and the process with `lease_token` drives it until `lease_expires_at`. After that
 *   any process may take it over.
 * - parked: no `queue_name`, no lease. It is due at `wake_at`; without that it waits for a wake.
 *
 * A run on Temporal is `<kind>#TEMPORAL` while it waits for a worker or runs there. Its timers are Temporal's, so that `wake_at` only
 * says that its start or a wake has to be handed over.
 */
export interface DurableRun {
  run_id: string;
  kind: string;
  org_id: string;
  engine: EngineName;
  priority: number;
  created_at: string;
  queue_name?: string;
  queue_order?: string;
  /** New for each claim, so that a process cannot mistake an earlier claim of its own for the present one. */
  lease_token?: string;
  lease_expires_at?: string;
  timer_name?: typeof TIMER | typeof OUTBOX;
  /** Runs on Temporal: what `timer_name` is when the run is woken. Absent: TIMER. */
  timer_of?: typeof OUTBOX;
  /** The project of the run, if it has one: a search attribute on Temporal. */
  project_id?: string;
  /** W3C trace context of the request that started the run. */
  traceparent?: string;
  /** Not a run: a run with this id was ended from outside, which its workflow on Temporal has to learn. */
  ended_run_id?: string;
  wake_at?: string;
  /** How often the run was woken. A run is parked only if this is as it was before its state was read. */
  wakes: number;
  /** Tries that threw or died since a step succeeded. */
  failures: number;
}

export interface Lease {
  token: string;
  expires_at: string;
}

/** The table of runs. What must be stored together with a kind's own record is made here as items for its transaction. */
@Injectable()
export class DurableRunsRepository {
  constructor(private readonly db: DynamoDb) {}

  /** A new run that waits for a slot, or begins at once under `lease`. Refused when the run exists. */
  creation(run: DurableRun, lease: Lease | undefined): Write {
    const Item = { ...run, ...(lease ? leased(run.kind, lease) : queued(run)) };
    return write.put({ TableName: TABLE, Item, ConditionExpression: RUN_IS_NEW });
  }

  /**
   * A new run for Temporal, due to be handed over at `due_at`. Refused when the run exists.
   * @param lease of the process that starts it, for a kind that is bound to its process
   */
  handedCreation(run: DurableRun, due_at: string, lease?: Lease): Write {
    // Who holds the run hands it over; after its death the end of the lease does.
    const due = lease
      ? { lease_token: lease.token, lease_expires_at: lease.expires_at }
      : { timer_name: OUTBOX, wake_at: due_at };
    const Item = { ...run, timer_of: OUTBOX, ...due, queue_name: handedOf(run.kind), queue_order: run.created_at };
    return write.put({ TableName: TABLE, Item, ConditionExpression: RUN_IS_NEW });
  }

  /** Makes the run due now, in whatever state it is. @throws RunOverError from the transaction */
  wake(run_id: string, at: string): Write {
    const update = {
      TableName: TABLE,
      Key: { run_id },
      UpdateExpression: 'SET timer_name = if_not_exists(timer_of, :timer), wake_at = :at ADD wakes :one',
      ConditionExpression: RUN_EXISTS,
      ExpressionAttributeValues: { ':timer': TIMER, ':at': at, ':one': 1 },
    };
    return write.update(update, () => new RunOverError(run_id));
  }

  /** Ends a run from outside. */
  removal(run_id: string): Write {
    return write.delete({ TableName: TABLE, Key: { run_id } });
  }

  /** The fence: the run has not ended, and no other process has taken it over. @throws RunLostError from the transaction */
  holds(run_id: string, token: string): Write {
    return write.check(fenced(run_id, token), () => new RunLostError(run_id));
  }

  /** The fence and the end of the run. @throws RunLostError from the transaction */
  ends(run_id: string, token: string): Write {
    return write.delete(fenced(run_id, token), () => new RunLostError(run_id));
  }

  /** Says that a run was ended from outside, until its workflow on Temporal has learned it. */
  endNotice(run_id: string, at: string): Write {
    const Item = { run_id: `ended ${run_id}`, ended_run_id: run_id, timer_name: OUTBOX, wake_at: at };
    return write.put({ TableName: TABLE, Item });
  }

  async removeEndNotice({ run_id }: DurableRun): Promise<void> {
    await this.db.delete({ TableName: TABLE, Key: { run_id } });
  }

  /** Temporal has the run's start or wake. Later wakes stay due, and so does a run that was claimed meanwhile. */
  async handed({ run_id, kind, wakes }: DurableRun, now: string): Promise<void> {
    await this.change(run_id, {
      ConditionExpression: `${NOTHING_WOKE_IT} AND attribute_exists(timer_name) AND attribute_not_exists(lease_token)`,
      UpdateExpression: 'SET queue_name = :queue, queue_order = :now REMOVE timer_name, wake_at',
      ExpressionAttributeValues: { ':seen': wakes, ':queue': handedOf(kind), ':now': now },
    });
  }

  find(run_id: string): Promise<DurableRun | undefined> {
    return this.db.get<DurableRun>(TABLE, { run_id });
  }

  /**
   * Takes a run, if its lease is still the one that was seen in `run`; only one process can.
   * @returns the record, or undefined when another process was faster or the run has ended
   */
  claim(run: Pick<DurableRun, 'run_id' | 'kind' | 'lease_token' | 'lease_expires_at'>, lease: Lease) {
    const { run_id, kind, lease_token, lease_expires_at } = run;
    const isAsSeen = lease_token
      ? '(lease_token = :seen_token AND lease_expires_at = :seen_expires)'
      : '(attribute_exists(run_id) AND attribute_not_exists(lease_token) AND attribute_not_exists(timer_of))';
    const died = lease_token ? ' ADD failures :one' : '';
    return this.change(run_id, {
      // A repeat after a lost answer meets the own token.
      ConditionExpression: `${isAsSeen} OR ${LEASE_IS_OURS}`,
      UpdateExpression: `SET lease_token = :token, lease_expires_at = :expires, queue_name = :running, queue_order = :expires REMOVE timer_name, wake_at${died}`,
      ExpressionAttributeValues: {
        ':token': lease.token,
        ':expires': lease.expires_at,
        ':running': runningOf(kind),
        ...(lease_token ? { ':seen_token': lease_token, ':seen_expires': lease_expires_at, ':one': 1 } : {}),
      },
    });
  }

  /**
   * Takes a run on Temporal, if its lease is still the one in `seen`; only one process can.
   * @returns the record, or undefined when another process was faster or the run has ended
   */
  claimHanded(
    seen: Pick<DurableRun, 'run_id' | 'kind' | 'lease_token' | 'lease_expires_at'>,
    lease: Lease,
  ): Promise<DurableRun | undefined> {
    const { run_id, kind, lease_token, lease_expires_at } = seen;
    const isAsSeen = lease_token
      ? '(lease_token = :seen_token AND lease_expires_at = :seen_expires)'
      : '(attribute_exists(timer_of) AND attribute_not_exists(lease_token))';
    const died = lease_token ? ' ADD failures :one' : '';
    return this.change(run_id, {
      ConditionExpression: `${isAsSeen} OR ${LEASE_IS_OURS}`,
      UpdateExpression: `SET lease_token = :token, lease_expires_at = :expires, queue_name = :queue, queue_order = :expires REMOVE timer_name, wake_at${died}`,
      ExpressionAttributeValues: {
        ':token': lease.token,
        ':expires': lease.expires_at,
        ':queue': handedOf(kind),
        ...(lease_token ? { ':seen_token': lease_token, ':seen_expires': lease_expires_at, ':one': 1 } : {}),
      },
    });
  }

  /** Moves the end of a lease. @returns undefined when the lease is lost. */
  renew(run_id: string, lease: Lease) {
    return this.change(run_id, {
      ConditionExpression: LEASE_IS_OURS,
      UpdateExpression: 'SET lease_expires_at = :expires, queue_order = :expires',
      ExpressionAttributeValues: { ':token': lease.token, ':expires': lease.expires_at },
    });
  }

  /** Takes the wake-ups of a running run. Read its state after this. @returns undefined when the lease is lost. */
  awake(run_id: string, token: string) {
    return this.change(run_id, {
      ConditionExpression: LEASE_IS_OURS,
      UpdateExpression: 'REMOVE timer_name, wake_at',
      ExpressionAttributeValues: { ':token': token },
    });
  }

  /**
   * Gives a run back until `until`, or until it is woken.
   * @returns undefined when it was woken since `wakes` was read, or the lease is lost
   */
  park(run_id: string, token: string, parking: { wakes?: number; until?: string | undefined; failures: number }) {
    const { wakes, until, failures } = parking;
    const timer = until === undefined ? '' : ', timer_name = :timer, wake_at = :until';
    return this.change(run_id, {
      ConditionExpression: wakes === undefined ? LEASE_IS_OURS : `${LEASE_IS_OURS} AND ${NOTHING_WOKE_IT}`,
      UpdateExpression: `SET failures = :failures${timer} REMOVE queue_name, queue_order, lease_token, lease_expires_at`,
      ExpressionAttributeValues: {
        ':token': token,
        ':failures': failures,
        ...(wakes === undefined ? {} : { ':seen': wakes }),
        ...(until === undefined ? {} : { ':timer': TIMER, ':until': until }),
      },
    });
  }

  /** Gives a running run back to the queue, so that any process goes on with it. */
  release(run: DurableRun, token: string) {
    const { queue_name, queue_order } =
      run.timer_of === undefined ? queued(run) : { queue_name: handedOf(run.kind), queue_order: run.created_at };
    return this.change(run.run_id, {
      ConditionExpression: LEASE_IS_OURS,
      UpdateExpression: 'SET queue_name = :queue, queue_order = :order REMOVE lease_token, lease_expires_at',
      ExpressionAttributeValues: { ':token': token, ':queue': queue_name, ':order': queue_order },
    });
  }

  /** A parked run that is due, but for which no slot is free here: any process may take it from the queue. */
  enqueue(run: DurableRun) {
    const { queue_name, queue_order } = queued({ ...run, created_at: run.wake_at ?? run.created_at });
    return this.change(run.run_id, {
      ConditionExpression: 'attribute_not_exists(queue_name) AND wake_at = :due',
      UpdateExpression: 'SET queue_name = :queue, queue_order = :order REMOVE timer_name, wake_at',
      ExpressionAttributeValues: { ':queue': queue_name, ':order': queue_order, ':due': run.wake_at },
    });
  }

  /** Takes the wake-ups of a queued run: its state is read after it has left the queue. */
  awakeQueued(run: DurableRun) {
    return this.change(run.run_id, {
      ConditionExpression: 'attribute_not_exists(lease_token) AND queue_name = :queue AND wake_at = :due',
      UpdateExpression: 'REMOVE timer_name, wake_at',
      ExpressionAttributeValues: { ':queue': run.queue_name, ':due': run.wake_at },
    });
  }

  /** Deletes a run that is done. */
  async remove(run_id: string, token: string): Promise<void> {
    await this.db.delete(fenced(run_id, token)).catch((error: unknown) => {
      if (!conditionFailed(error)) throw error;
    });
  }

  /** Runs that wait for a slot, those of high priority first, then the oldest. */
  listQueued(kind: string): AsyncGenerator<DurableRun> {
    return this.db.queryAll<DurableRun>(queueQuery(queuedOf(kind)));
  }

  /** The first page of them, for filling slots. */
  async firstQueued(kind: string, limit: number): Promise<DurableRun[]> {
    return (await this.db.query<DurableRun>({ ...queueQuery(queuedOf(kind)), Limit: limit })).items;
  }

  /** Running runs, those whose lease ends first at first. */
  listRunning(kind: string, expired_before?: string): AsyncGenerator<DurableRun> {
    return this.db.queryAll<DurableRun>(queueQuery(runningOf(kind), expired_before));
  }

  /** Runs on Temporal that wait for a worker or run there. */
  listOnTemporal(kind: string): AsyncGenerator<DurableRun> {
    return this.db.queryAll<DurableRun>(queueQuery(handedOf(kind)));
  }

  /** Runs whose time has come, the oldest first. */
  listDue(now: string): AsyncGenerator<DurableRun> {
    return this.dueOf(TIMER, now);
  }

  /** Runs that are to be handed to Temporal, the oldest first. */
  listHanded(now: string): AsyncGenerator<DurableRun> {
    return this.dueOf(OUTBOX, now);
  }

  private dueOf(timer: string, now: string): AsyncGenerator<DurableRun> {
    return this.db.queryAll<DurableRun>({
      TableName: TABLE,
      IndexName: 'TimerIndex',
      KeyConditionExpression: 'timer_name = :timer AND wake_at <= :now',
      ExpressionAttributeValues: { ':timer': timer, ':now': now },
    });
  }

  private async change(
    run_id: string,
    input: {
      ConditionExpression: string;
      UpdateExpression: string;
      ExpressionAttributeValues: Record<string, unknown>;
    },
  ): Promise<DurableRun | undefined> {
    try {
      return await this.db.update<DurableRun>({ TableName: TABLE, Key: { run_id }, ...input });
    } catch (error) {
      if (conditionFailed(error)) return undefined;
      throw error;
    }
  }
}

function fenced(run_id: string, token: string) {
  const ExpressionAttributeValues = { ':token': token };
  return { TableName: TABLE, Key: { run_id }, ConditionExpression: LEASE_IS_OURS, ExpressionAttributeValues };
}

const queuedOf = (kind: string): string => `${kind}#QUEUED`;
const handedOf = (kind: string): string => `${kind}#TEMPORAL`;
const runningOf = (kind: string): string => `${kind}#RUNNING`;

/** Fixed width, so that string order is queue order. */
function queued({ kind, priority, created_at }: DurableRun) {
  return { queue_name: queuedOf(kind), queue_order: `${9 - priority}#${created_at}` };
}

function leased(kind: string, { token, expires_at }: Lease) {
  return { queue_name: runningOf(kind), queue_order: expires_at, lease_token: token, lease_expires_at: expires_at };
}

function queueQuery(queue: string, until?: string) {
  return {
    TableName: TABLE,
    IndexName: 'QueueIndex',
    KeyConditionExpression: `queue_name = :queue${until === undefined ? '' : ' AND queue_order <= :until'}`,
    ExpressionAttributeValues: { ':queue': queue, ...(until === undefined ? {} : { ':until': until }) },
  };
}
