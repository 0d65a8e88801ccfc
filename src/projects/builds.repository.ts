import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import { write, type Write } from '../platform/database/unit-of-work.js';
import type { Build, BuildEnd, EarlierBuild } from './build.js';

const TABLE = 'AgentBuilds';
const UNCOUNTED = 'BUILD';

/** A build attempt with what the statistics need to know of its record. */
export type CountableBuild = Build & { uncounted?: string };

/** Build attempts. Writes are made here and committed with the project's own change. */
@Injectable()
export class BuildsRepository {
  constructor(private readonly db: DynamoDb) {}

  creation(build: Pick<Build, 'build_id' | 'project_id' | 'org_id' | 'created_at'>): Write {
    const Item: Build = { ...build, status: 'open' };
    return write.put({ TableName: TABLE, Item: { ...Item }, ConditionExpression: 'attribute_not_exists(build_id)' });
  }

  /** The end of an attempt; from now on it waits to be counted. */
  ended(build_id: string, end: BuildEnd): Write {
    return write.update({
      TableName: TABLE,
      Key: { build_id },
      UpdateExpression:
        'SET #status = :status, ended_at = :at, duration_seconds = :duration, stage = :stage, uncounted = :uncounted REMOVE #queue, lease_owner, lease_expires_at',
      ConditionExpression: 'attribute_exists(build_id) AND attribute_not_exists(ended_at)',
      ExpressionAttributeNames: { '#status': 'status', '#queue': 'queue' },
      ExpressionAttributeValues: {
        ':status': end.status,
        ':at': end.at,
        ':duration': end.duration_seconds,
        ':stage': end.stage,
        ':uncounted': UNCOUNTED,
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

  findById(build_id: string): Promise<Build | undefined> {
    return this.db.get<Build>(TABLE, { build_id });
  }

  /** Attempts in the queue of version 1.0.0, those that wait or those that run. */
  listEarlier(queue: EarlierBuild['queue']): AsyncGenerator<EarlierBuild> {
    return this.db.queryAll<EarlierBuild>({
      TableName: TABLE,
      IndexName: 'QueueIndex',
      KeyConditionExpression: '#queue = :queue',
      ExpressionAttributeNames: { '#queue': 'queue' },
      ExpressionAttributeValues: { ':queue': queue },
    });
  }

  /** Takes an attempt out of the queue of version 1.0.0. Refused when a process of that version has taken or renewed it. */
  adopted({ build_id, queue, lease_owner, lease_expires_at }: EarlierBuild): Write {
    const isAsSeen = lease_owner
      ? '#queue = :queue AND lease_owner = :owner AND lease_expires_at = :expires'
      : '#queue = :queue AND attribute_not_exists(lease_owner)';
    return write.update({
      TableName: TABLE,
      Key: { build_id },
      UpdateExpression: 'SET #status = :open REMOVE #queue, lease_owner, lease_expires_at',
      ConditionExpression: isAsSeen,
      ExpressionAttributeNames: { '#queue': 'queue', '#status': 'status' },
      ExpressionAttributeValues: {
        ':queue': queue,
        ':open': 'open',
        ...(lease_owner ? { ':owner': lease_owner, ':expires': lease_expires_at } : {}),
      },
    });
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
}
