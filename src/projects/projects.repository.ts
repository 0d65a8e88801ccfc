import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../platform/database/cursors.js';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../platform/database/unit-of-work.js';
import type { Page } from '../shared/page.js';
import { Coalescer } from '../platform/async/coalescer.js';
import type { Stage } from '../stages/stage.js';
import type { Artifact, Project, ProjectStatus, ProjectWhole, ProjectEvent, ProjectEventBody } from './project.js';
import { ProjectChangedError } from './projects.errors.js';

const TABLE = 'AgentProjects';
const PROJECT_ITEM = 'PROJECT';

export interface ProjectFilter {
  status?: ProjectStatus | undefined;
  user_id?: string | undefined;
  search?: string | undefined;
}

/** Writes besides the project itself, in the same transaction. */
export interface ProjectChange {
  project: Project;
  stages?: Stage[];
  events?: ProjectEventBody[];
  artifacts?: Artifact[];
  /** Items of other tables that must change with the project or not at all, such as the build's queue entry. */
  with?: Write[];
}

type StoredItem = (Project & { item: string; deletion?: string }) | (Stage & { item: string });

@Injectable()
export class ProjectsRepository {
  private readonly reads = new Coalescer();

  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
    private readonly unit: UnitOfWork,
  ) {}

  async create(whole: ProjectWhole, events: ProjectEventBody[], also: Write[]): Promise<ProjectWhole> {
    const project = numbered(whole.project, events);
    const happened = eventPuts(project, whole.project.event_seq, events);
    await this.unit.commit([...this.creation({ ...whole, project }), ...happened, ...also]);
    return { project, stages: whole.stages };
  }

  /** The writes of a new project, for the transaction of what is created with it. */
  creation({ project, stages }: ProjectWhole): Write[] {
    const projectDoesNotExist = 'attribute_not_exists(project_id)';
    return [
      write.put({ TableName: TABLE, Item: projectItem(project), ConditionExpression: projectDoesNotExist }),
      ...stages.map((stage) => write.put({ TableName: TABLE, Item: stageItem(project.project_id, stage) })),
    ];
  }

  /** GET /projects/{id}: one query reads the project and its stages. Undefined also for another organization's and for one being deleted. */
  async findWhole(org_id: string, project_id: string): Promise<ProjectWhole | undefined> {
    const whole = await this.readWhole(project_id);
    return whole && whole.project.org_id === org_id && !whole.deleting
      ? { project: whole.project, stages: whole.stages }
      : undefined;
  }

  /** One item, for routes that only check that the project exists. */
  async findById(org_id: string, project_id: string): Promise<Project | undefined> {
    const record = await this.db.get<Project & { deletion?: string }>(TABLE, { project_id, item: PROJECT_ITEM });
    return record && record.org_id === org_id && record.deletion === undefined ? record : undefined;
  }

  stays(project_id: string): Write {
    const projectStays = 'attribute_exists(project_id) AND attribute_not_exists(deletion)';
    const Key = { project_id, item: PROJECT_ITEM };
    return write.check({ TableName: TABLE, Key, ConditionExpression: projectStays });
  }

  /** For the continuation of a deletion, which must see projects that are hidden from callers. */
  readWhole(project_id: string): Promise<(ProjectWhole & { deleting: boolean }) | undefined> {
    return this.reads.run(project_id, () => this.queryWhole(project_id));
  }

  private async queryWhole(project_id: string): Promise<(ProjectWhole & { deleting: boolean }) | undefined> {
    const items: StoredItem[] = [];
    for await (const item of this.db.queryAll<StoredItem>({
      TableName: TABLE,
      KeyConditionExpression: 'project_id = :id AND #item >= :project',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':id': project_id, ':project': PROJECT_ITEM },
      ConsistentRead: true,
    }))
      items.push(item);
    const [first, ...stages] = items;
    if (!first || !('project_id' in first) || first.item !== PROJECT_ITEM) return undefined;
    const { deletion } = first as { deletion?: string };
    return { project: first, stages: stages as Stage[], deleting: deletion !== undefined };
  }

  /**
   * Stores a change and its events in one transaction, if the project is still at the version that the change was made from.
   * @throws ProjectChangedError when another writer changed it first.
   */
  async save(before: Project, change: ProjectChange): Promise<Project> {
    const project = changed(before, change);
    await this.unit.commitOr(() => new ProjectChangedError(project.project_id), this.change(before, change));
    return project;
  }

  /** The writes of {@link save}, for the transaction of another record. */
  change(before: Project, change: ProjectChange): Write[] {
    const project = changed(before, change);
    const events = change.events ?? [];
    const projectIsUnchanged = '#version = :version AND attribute_not_exists(deletion)';
    return [
      write.put({
        TableName: TABLE,
        Item: projectItem(project),
        ConditionExpression: projectIsUnchanged,
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':version': before.version },
      }),
      ...(change.stages ?? []).map((stage) =>
        write.put({ TableName: TABLE, Item: stageItem(project.project_id, stage) }),
      ),
      ...eventPuts(project, before.event_seq, events),
      ...(change.artifacts ?? []).map((artifact) => write.put({ TableName: 'AgentArtifacts', Item: { ...artifact } })),
      ...(change.with ?? []),
    ];
  }

  /** A condition for other tables' transactions: this build is still the project's running one. */
  buildIsCurrent(project_id: string, build_id: string): Write {
    return write.check({
      TableName: TABLE,
      Key: { project_id, item: PROJECT_ITEM },
      ConditionExpression: 'build_id = :build AND #status = :building AND attribute_not_exists(deletion)',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':build': build_id, ':building': 'building' },
    });
  }

  /** GET /projects: newest first, by user, by status or all, each from its own index. */
  async list(
    org_id: string,
    filter: ProjectFilter,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Project>> {
    const { index, attribute, value } = listIndex(org_id, filter);
    const search = filter.search?.toLowerCase();
    const needsFilter = search !== undefined || (filter.status !== undefined && filter.user_id !== undefined);
    return pageOf<Project>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        IndexName: index,
        KeyConditionExpression: '#partition = :partition',
        ExpressionAttributeNames: { '#partition': attribute },
        ExpressionAttributeValues: { ':partition': value },
        ScanIndexForward: false,
      },
      scope: `projects:${org_id}:${JSON.stringify([filter.status, filter.user_id, search])}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['project_id', 'item', attribute, 'created_at'],
      ...(needsFilter ? { keep: (project: Project) => matches(project, filter, search) } : {}),
    });
  }

  /** Events after `seq`, oldest first, at most `limit`. */
  async listEventsAfter(project_id: string, seq: number, limit: number): Promise<ProjectEvent[]> {
    const { items } = await this.db.query<ProjectEvent>({
      TableName: TABLE,
      KeyConditionExpression: 'project_id = :id AND #item BETWEEN :after AND :last',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':id': project_id, ':after': eventKey(seq + 1), ':last': 'EVENT#~' },
      ConsistentRead: true,
      Limit: limit,
    });
    return items;
  }
}

function listIndex(org_id: string, filter: ProjectFilter): { index: string; attribute: string; value: string } {
  if (filter.user_id !== undefined)
    return { index: 'OrgUserIndex', attribute: 'list_org_user', value: `${org_id}#${filter.user_id}` };
  if (filter.status !== undefined)
    return { index: 'OrgStatusIndex', attribute: 'list_org_status', value: `${org_id}#${filter.status}` };
  return { index: 'OrgIndex', attribute: 'list_org', value: org_id };
}

function matches(project: Project, filter: ProjectFilter, search: string | undefined): boolean {
  const hasStatus = filter.status === undefined || project.status === filter.status;
  const isFound =
    search === undefined || `${project.project_name}\n${project.requirement}`.toLowerCase().includes(search);
  return hasStatus && isFound;
}

function projectItem(project: Project): Record<string, unknown> {
  const { org_id, status, user_id } = project;
  return {
    ...project,
    item: PROJECT_ITEM,
    list_org: org_id,
    list_org_status: `${org_id}#${status}`,
    list_org_user: `${org_id}#${user_id}`,
  };
}

function stageItem(project_id: string, stage: Stage): Record<string, unknown> {
  return { ...stage, project_id, item: `STAGE#${stage.stage_number}` };
}

/** Fixed width, so that string order is number order. */
const eventKey = (seq: number): string => `EVENT#${String(seq).padStart(8, '0')}`;

function changed(before: Project, { project, events = [] }: ProjectChange): Project {
  return numbered({ ...project, version: before.version + 1 }, events);
}

function numbered(project: Project, events: readonly unknown[]): Project {
  return { ...project, event_seq: project.event_seq + events.length };
}

function eventPuts(project: Project, lastSeq: number, events: readonly ProjectEventBody[]): Write[] {
  return events.map((event, index) => {
    const seq = lastSeq + index + 1;
    const Item = {
      ...event,
      project_id: project.project_id,
      item: eventKey(seq),
      seq,
      attempt: project.attempt,
      timestamp: project.updated_at,
    };
    return write.put({ TableName: TABLE, Item });
  });
}
