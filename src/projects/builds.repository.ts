import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import { write, type Write } from '../platform/database/unit-of-work.js';
import type { Build, BuildEnd, EarlierBuild } from './build.js';
import type { Artifact } from './project.js';

const BUILDS = 'AgentBuilds';
const UNCOUNTED = 'BUILD';

/** A build attempt with what the statistics need to know of its record. */
export type CountableBuild = Build & { uncounted?: string };

/** Build attempts. Writes are made here and committed with the project's own change. */
@Injectable()
export class BuildsRepository {
  constructor(private readonly db: DynamoDb) {}

  creation(build: Pick<Build, 'build_id' | 'project_id' | 'org_id' | 'created_at'>): Write {
    const Item: Build = { ...build, status: 'open' };
    return write.put({ TableName: BUILDS, Item: { ...Item }, ConditionExpression: 'attribute_not_exists(build_id)' });
  }

  /** The end of an attempt; from now on it waits to be counted. */
  ended(build_id: string, end: BuildEnd): Write {
    return write.update({
      TableName: BUILDS,
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

  /** Marks it as counted by the statistics. Fails when it was counted before. */
  counted(build_id: string): Write {
    return write.update({
      TableName: BUILDS,
      Key: { build_id },
      UpdateExpression: 'REMOVE uncounted',
      ConditionExpression: 'attribute_exists(uncounted)',
    });
  }

  findById(build_id: string): Promise<Build | undefined> {
    return this.db.get<Build>(BUILDS, { build_id });
  }

  /** Attempts in the queue of version 1.0.0, those that wait or those that run. */
  listEarlier(queue: EarlierBuild['queue']): AsyncGenerator<EarlierBuild> {
    return this.db.queryAll<EarlierBuild>({
      TableName: BUILDS,
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
      TableName: BUILDS,
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
      TableName: BUILDS,
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
      TableName: BUILDS,
      IndexName: 'ProjectIndex',
      KeyConditionExpression: 'project_id = :project',
      ExpressionAttributeValues: { ':project': project_id },
      Limit: 25,
    });
    const keys = items.map(({ build_id }) => ({ table: BUILDS, key: { build_id } }));
    return (await this.db.batchGet<CountableBuild>(keys)).filter((build) => build !== undefined);
  }

  /** Deletes a record if it is still counted, or still not counted, as it was read. */
  deletion({ build_id, uncounted }: CountableBuild): Write {
    const isAsRead =
      uncounted === undefined
        ? 'attribute_exists(build_id) AND attribute_not_exists(uncounted)'
        : 'attribute_exists(uncounted)';
    return write.delete({ TableName: BUILDS, Key: { build_id }, ConditionExpression: isAsRead });
  }

  /** For the rebuild of the statistics only: reads the whole table. */
  all(): AsyncGenerator<CountableBuild> {
    return this.db.scanAll<CountableBuild>(BUILDS);
  }
}

const ARTIFACTS = 'AgentArtifacts';
/** A project has about twenty artifacts; the limit keeps a list in one response. */
const LIST_LIMIT = 1_000;

export type ArtifactSummary = Omit<Artifact, 'content' | 'org_id' | 'project_id'>;

/** Artifacts of a project, keyed by path: a later attempt replaces those of an earlier one. */
@Injectable()
export class ArtifactsRepository {
  constructor(private readonly db: DynamoDb) {}

  /** GET /projects/{id}/artifacts: without contents. */
  async listByProject(org_id: string, project_id: string): Promise<ArtifactSummary[]> {
    const summaries: ArtifactSummary[] = [];
    for await (const artifact of this.query(org_id, project_id, true)) {
      summaries.push(artifact);
      if (summaries.length === LIST_LIMIT) break;
    }
    return summaries;
  }

  /** What a resuming build reads back: path → content. */
  async contents(org_id: string, project_id: string): Promise<Map<string, string>> {
    const contents = new Map<string, string>();
    for await (const { path, content } of this.query(org_id, project_id, false)) contents.set(path, content);
    return contents;
  }

  async findByPath(org_id: string, project_id: string, path: string): Promise<Artifact | undefined> {
    const artifact = await this.db.get<Artifact>(ARTIFACTS, { project_id, path });
    return artifact?.org_id === org_id ? artifact : undefined;
  }

  /** @returns how many there were. */
  async deleteByProject(org_id: string, project_id: string): Promise<number> {
    const paths = [...(await this.listByProject(org_id, project_id))].map(({ path }) => path);
    await this.db.batchDelete(
      ARTIFACTS,
      paths.map((path) => ({ project_id, path })),
    );
    return paths.length;
  }

  private query(org_id: string, project_id: string, summariesOnly: boolean): AsyncGenerator<Artifact> {
    return this.db.queryAll<Artifact>({
      TableName: ARTIFACTS,
      KeyConditionExpression: 'project_id = :project',
      FilterExpression: 'org_id = :org',
      ExpressionAttributeValues: { ':project': project_id, ':org': org_id },
      ConsistentRead: true,
      ...(summariesOnly
        ? {
            ProjectionExpression: '#path, stage_name, attempt, content_type, size_bytes, created_at',
            ExpressionAttributeNames: { '#path': 'path' },
          }
        : {}),
    });
  }
}
