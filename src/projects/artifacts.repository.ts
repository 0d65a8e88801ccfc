import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import type { Artifact } from './project.js';

const TABLE = 'AgentArtifacts';
/** Twenty-odd artifacts a project; a bound all the same, so that a list stays one answer. */
const LIST_LIMIT = 1_000;

export type ArtifactSummary = Omit<Artifact, 'content' | 'org_id' | 'project_id'>;

/** Artifacts of a project, keyed by path: a later attempt replaces what an earlier one made. */
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
    const artifact = await this.db.get<Artifact>(TABLE, { project_id, path });
    return artifact?.org_id === org_id ? artifact : undefined;
  }

  /** @returns how many there were. */
  async deleteByProject(org_id: string, project_id: string): Promise<number> {
    const paths = [...(await this.listByProject(org_id, project_id))].map(({ path }) => path);
    await this.db.batchDelete(
      TABLE,
      paths.map((path) => ({ project_id, path })),
    );
    return paths.length;
  }

  private query(org_id: string, project_id: string, summariesOnly: boolean): AsyncGenerator<Artifact> {
    return this.db.queryAll<Artifact>({
      TableName: TABLE,
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
