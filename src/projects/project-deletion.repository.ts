import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../platform/database/unit-of-work.js';
import type { Project } from './project.js';
import { ProjectChangedError } from './projects.errors.js';
import { ProjectsRepository } from './projects.repository.js';

const TABLE = 'AgentProjects';
const PROJECT_KEY = 'PROJECT';
/** The one partition of the sparse deletion index. */
const MARKED = 'MARKED';

@Injectable()
export class ProjectDeletionRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly projects: ProjectsRepository,
    private readonly unit: UnitOfWork,
  ) {}

  findById(org_id: string, project_id: string): Promise<Project | undefined> {
    return this.projects.findById(org_id, project_id);
  }

  /** Removes the project from every list and marks it; from then on only its deletion can change it. */
  async mark(project: Project, at: string, also: Write[]): Promise<void> {
    const projectIsUnchanged = '#version = :version AND attribute_not_exists(deletion)';
    const Update = {
      TableName: TABLE,
      Key: { project_id: project.project_id, item: PROJECT_KEY },
      UpdateExpression:
        'SET deletion = :marked, updated_at = :at, #version = :next REMOVE list_org, list_org_status, list_org_user',
      ConditionExpression: projectIsUnchanged,
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: {
        ':marked': MARKED,
        ':at': at,
        ':version': project.version,
        ':next': project.version + 1,
      },
    };
    await this.unit.commitOr(() => new ProjectChangedError(project.project_id), [write.update(Update), ...also]);
  }

  /** Stages and events first, the marked item last: if the process crashes before that, the mark remains. */
  async deleteItems(project_id: string): Promise<void> {
    const keys: { project_id: string; item: string }[] = [];
    for await (const { item } of this.db.queryAll<{ item: string }>({
      TableName: TABLE,
      KeyConditionExpression: 'project_id = :id',
      ExpressionAttributeValues: { ':id': project_id },
      ProjectionExpression: '#item',
      ExpressionAttributeNames: { '#item': 'item' },
      ConsistentRead: true,
    }))
      if (item !== PROJECT_KEY) keys.push({ project_id, item });
    await this.db.batchDelete(TABLE, keys);
    await this.db.batchDelete(TABLE, [{ project_id, item: PROJECT_KEY }]);
  }

  /** Ids of an organization's projects, from an index that may lag a moment. */
  async *idsByOrg(org_id: string): AsyncGenerator<string> {
    const query = {
      TableName: TABLE,
      IndexName: 'OrgIndex',
      KeyConditionExpression: 'list_org = :org',
      ExpressionAttributeValues: { ':org': org_id },
    };
    for await (const { project_id } of this.db.queryAll<{ project_id: string }>(query)) yield project_id;
  }

  /** Projects whose deletion has not finished. */
  async *marked(): AsyncGenerator<{ org_id: string; project_id: string }> {
    const query = {
      TableName: TABLE,
      IndexName: 'DeletionIndex',
      KeyConditionExpression: 'deletion = :marked',
      ExpressionAttributeValues: { ':marked': MARKED },
    };
    for await (const { project_id } of this.db.queryAll<{ project_id: string }>(query)) {
      const whole = await this.projects.readWhole(project_id);
      if (whole?.deleting) yield { org_id: whole.project.org_id, project_id };
    }
  }
}
