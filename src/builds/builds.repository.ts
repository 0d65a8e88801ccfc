import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../platform/database/client/dynamodb.js';
import { write, type Write } from '../platform/database/unit-of-work.js';
import type { Build } from './build.js';

const TABLE = 'AgentBuilds';
const UNCOUNTED = 'BUILD';

export interface Lease {
  owner: string;
  expires_at: string;
}

export interface BuildEnd {
  status: 'completed' | 'failed' | 'stopped';
  at: string;
  duration_seconds: number;
  stage: string;
}

/** A build attempt with what the statistics need to know of its record. */
export type CountableBuild = Build & { uncounted?: string };

type NewBuild = Pick<Build, 'build_id' | 'project_id' | 'org_id' | 'queue_order' | 'created_at'>;

/** Build attempts, their queue and their leases. Items for transactions are made here and sent with the project's own change. */
@Injectable()
export class BuildsRepository {
  constructor(private readonly db: DynamoDb) {}

  /** Waits for a slot; of an attempt that was paused before, the first creation time stays. */
  queued(build: NewBuild): Write {
    return this.upsert(build, 'SET #status = :queued, #queue = :QUEUED', { ':queued': 'queued', ':QUEUED': 'QUEUED' });
  }

  /** Begins at once in the process that holds the lease. */
  running(build: NewBuild, lease: Lease, at: string): Write {
    return this.upsert(
      build,
      'SET #status = :running, #queue = :RUNNING, lease_owner = :owner, lease_expires_at = :expires, started_at = if_not_exists(started_at, :at)',
      { ':running': 'running', ':RUNNING': 'RUNNING', ':owner': lease.owner, ':expires': lease.expires_at, ':at': at },
    );
  }

  /** Takes a waiting build, or one whose lease ran out; only one process can. */
  claimed(build: Build, lease: Lease, at: string): Write {
    const isStillAsSeen = build.lease_owner
      ? '#queue = :seen AND lease_owner = :seen_owner AND lease_expires_at = :seen_expires'
      : '#queue = :seen AND attribute_not_exists(lease_owner)';
    return write.update({
      TableName: TABLE,
      Key: { build_id: build.build_id },
      UpdateExpression:
        'SET #status = :running, #queue = :RUNNING, lease_owner = :owner, lease_expires_at = :expires, started_at = if_not_exists(started_at, :at)',
      ConditionExpression: isStillAsSeen,
      ExpressionAttributeNames: { '#status': 'status', '#queue': 'queue' },
      ExpressionAttributeValues: {
        ':running': 'running',
        ':RUNNING': 'RUNNING',
        ':owner': lease.owner,
        ':expires': lease.expires_at,
        ':at': at,
        ':seen': build.queue,
        ...(build.lease_owner ? { ':seen_owner': build.lease_owner, ':seen_expires': build.lease_expires_at } : {}),
      },
    });
  }

  /** Fences every write of a run: fails when another process has taken the build over. */
  leaseIsHeld(build_id: string, owner: string): Write {
    return write.check({
      TableName: TABLE,
      Key: { build_id },
      ConditionExpression: 'lease_owner = :owner',
      ExpressionAttributeValues: { ':owner': owner },
    });
  }

  /** Out of the queue until it is resumed. `owner` fences it when a running build pauses itself. */
  paused(build_id: string, owner?: string): Write {
    return write.update({
      TableName: TABLE,
      Key: { build_id },
      UpdateExpression: 'SET #status = :paused REMOVE #queue, lease_owner, lease_expires_at',
      ConditionExpression: owner === undefined ? 'attribute_exists(build_id)' : 'lease_owner = :owner',
      ExpressionAttributeNames: { '#status': 'status', '#queue': 'queue' },
      ExpressionAttributeValues: { ':paused': 'paused', ...(owner === undefined ? {} : { ':owner': owner }) },
    });
  }

  /** The end of an attempt; from now on it waits to be counted. */
  ended(build_id: string, end: BuildEnd, owner?: string): Write {
    return write.update({
      TableName: TABLE,
      Key: { build_id },
      UpdateExpression:
        'SET #status = :status, ended_at = :at, duration_seconds = :duration, stage = :stage, uncounted = :uncounted REMOVE #queue, lease_owner, lease_expires_at',
      ConditionExpression: owner === undefined ? 'attribute_exists(build_id)' : 'lease_owner = :owner',
      ExpressionAttributeNames: { '#status': 'status', '#queue': 'queue' },
      ExpressionAttributeValues: {
        ':status': end.status,
        ':at': end.at,
        ':duration': end.duration_seconds,
        ':stage': end.stage,
        ':uncounted': UNCOUNTED,
        ...(owner === undefined ? {} : { ':owner': owner }),
      },
    });
  }

  /** The statistics have counted it; fails when they already had. */
  counted(build_id: string): Write {
    return write.update({
      TableName: TABLE,
      Key: { build_id },
      UpdateExpression: 'REMOVE uncounted',
      ConditionExpression: 'attribute_exists(uncounted)',
    });
  }

  /** Moves the lease's end. @returns false when the lease is not ours any more. */
  async renew(build_id: string, lease: Lease): Promise<boolean> {
    return this.updateLease(build_id, lease.owner, 'SET lease_expires_at = :expires', { ':expires': lease.expires_at });
  }

  /** Gives the build back so that any process takes it at once; harmless when the lease is already gone. */
  async release(build_id: string, owner: string, at: string): Promise<boolean> {
    return this.updateLease(build_id, owner, 'SET lease_expires_at = :expires', { ':expires': at });
  }

  /** Leaves the queue for good, unless it was deleted or queued again since it was read: its project does not wait for it. */
  async drop({ build_id, queue_order }: Build): Promise<void> {
    const condition = 'queue_order = :seen AND attribute_exists(#queue)';
    const expression = 'REMOVE #queue, lease_owner, lease_expires_at';
    await this.updateIf(condition, build_id, expression, { ':seen': queue_order }, { '#queue': 'queue' });
  }

  findById(build_id: string): Promise<Build | undefined> {
    return this.db.get<Build>(TABLE, { build_id });
  }

  /** Builds that wait, in queue order. */
  async listQueued(limit: number): Promise<Build[]> {
    const { items } = await this.db.query<Build>({ ...this.queueQuery('QUEUED'), Limit: limit });
    return items;
  }

  /** All builds that wait, in queue order, page by page. */
  listWaiting(): AsyncGenerator<Build> {
    return this.db.queryAll<Build>(this.queueQuery('QUEUED'));
  }

  /** Builds that run somewhere; bounded by all slots of all processes. */
  listRunning(): AsyncGenerator<Build> {
    return this.db.queryAll<Build>(this.queueQuery('RUNNING'));
  }

  async listUncounted(limit: number): Promise<Build[]> {
    const { items } = await this.db.query<Build>({
      TableName: TABLE,
      IndexName: 'UncountedIndex',
      KeyConditionExpression: 'uncounted = :uncounted',
      ExpressionAttributeValues: { ':uncounted': UNCOUNTED },
      Limit: limit,
    });
    return items;
  }

  /** Attempts of a project for its deletion, at most 25; each is read from its own item, because the index may lag behind. */
  async listForDeletion(project_id: string): Promise<CountableBuild[]> {
    const { items } = await this.db.query<Build>({
      TableName: TABLE,
      IndexName: 'ProjectIndex',
      KeyConditionExpression: 'project_id = :project',
      ExpressionAttributeValues: { ':project': project_id },
      Limit: 25,
    });
    const keys = items.map(({ build_id }) => ({ table: TABLE, key: { build_id } }));
    return (await this.db.batchGet<CountableBuild>(keys)).filter((build) => build !== undefined);
  }

  /** Deletes a record if it is still counted, or still not counted, as it was read. */
  deletion({ build_id, uncounted }: CountableBuild): Write {
    const isAsRead =
      uncounted === undefined
        ? 'attribute_exists(build_id) AND attribute_not_exists(uncounted)'
        : 'attribute_exists(uncounted)';
    return write.delete({ TableName: TABLE, Key: { build_id }, ConditionExpression: isAsRead });
  }

  /** For the rebuild of the statistics only: reads the whole table. */
  all(): AsyncGenerator<CountableBuild> {
    return this.db.scanAll<CountableBuild>(TABLE);
  }

  private upsert(build: NewBuild, set: string, values: Record<string, unknown>): Write {
    return write.update({
      TableName: TABLE,
      Key: { build_id: build.build_id },
      UpdateExpression: `${set}, project_id = :project, org_id = :org, queue_order = :order, created_at = if_not_exists(created_at, :created)`,
      ExpressionAttributeNames: { '#status': 'status', '#queue': 'queue' },
      ExpressionAttributeValues: {
        ...values,
        ':project': build.project_id,
        ':org': build.org_id,
        ':order': build.queue_order,
        ':created': build.created_at,
      },
    });
  }

  private updateLease(
    build_id: string,
    owner: string,
    UpdateExpression: string,
    values: Record<string, unknown>,
  ): Promise<boolean> {
    return this.updateIf('lease_owner = :owner', build_id, UpdateExpression, { ...values, ':owner': owner });
  }

  private async updateIf(
    ConditionExpression: string,
    build_id: string,
    UpdateExpression: string,
    ExpressionAttributeValues: Record<string, unknown>,
    names?: Record<string, string>,
  ): Promise<boolean> {
    const change = { UpdateExpression, ConditionExpression, ExpressionAttributeValues };
    const named = names ? { ...change, ExpressionAttributeNames: names } : change;
    try {
      await this.db.update({ TableName: TABLE, Key: { build_id }, ...named });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }

  private queueQuery(queue: 'QUEUED' | 'RUNNING') {
    return {
      TableName: TABLE,
      IndexName: 'QueueIndex',
      KeyConditionExpression: '#queue = :queue',
      ExpressionAttributeNames: { '#queue': 'queue' },
      ExpressionAttributeValues: { ':queue': queue },
    };
  }
}
