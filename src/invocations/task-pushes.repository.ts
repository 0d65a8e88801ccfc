import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb, type UpdateInput } from '../platform/database/client/dynamodb.js';
import type { SealedSecret } from '../platform/secrets/secret-box.js';
import type { Invocation } from './invocation.js';

const TABLE = 'AgentTaskPushes';
const DUE = 'DUE';

/** Where changes of a run are reported to. Kept as long as its run, at most 30 days. */
export interface TaskPush {
  /** `{org_id}#{invocation_id}` */
  task: string;
  push_id: string;
  org_id: string;
  invocation_id: string;
  url: string;
  /** The format of its notifications; see `TaskPushes.register`. */
  form: string;
  /** JSON of {@link PushSecrets}. */
  secrets?: SealedSecret;
  /** The status of the run that was reported last, or was given up. */
  reported: Invocation['status'];
  attempts: number;
  /** Only while there may be something to report: when to look next, or when an attempt under way counts as lost. */
  due?: typeof DUE;
  due_at?: string;
  created_at: string;
  /** Seconds since 1970. */
  expires_at: number;
}

export type PushKey = Pick<TaskPush, 'task' | 'push_id'>;

/** What a look or an attempt changed. Without `next_at` there is nothing more to report. */
export type PushChange = Pick<TaskPush, 'reported' | 'attempts'> & { next_at?: string };

const taskKey = (org_id: string, invocation_id: string): string => `${org_id}#${invocation_id}`;

/** Addresses that receive the progress of a run. */
@Injectable()
export class TaskPushesRepository {
  constructor(private readonly db: DynamoDb) {}

  async save(push: Omit<TaskPush, 'task' | 'due'>): Promise<void> {
    const { org_id, invocation_id } = push;
    await this.db.put({ TableName: TABLE, Item: { ...push, task: taskKey(org_id, invocation_id), due: DUE } });
  }

  async find(org_id: string, invocation_id: string, push_id: string): Promise<TaskPush | undefined> {
    return this.db.get<TaskPush>(TABLE, { task: taskKey(org_id, invocation_id), push_id });
  }

  /** All of a run, which has few. */
  async listByTask(org_id: string, invocation_id: string): Promise<TaskPush[]> {
    const { items } = await this.db.query<TaskPush>({
      TableName: TABLE,
      KeyConditionExpression: 'task = :task',
      ExpressionAttributeValues: { ':task': taskKey(org_id, invocation_id) },
      ConsistentRead: true,
    });
    return items;
  }

  /** Longest due first. */
  async listDue(at: string, limit: number): Promise<(PushKey & { due_at: string })[]> {
    const { items } = await this.db.query<PushKey & { due_at: string }>({
      TableName: TABLE,
      IndexName: 'DueIndex',
      KeyConditionExpression: 'due = :due AND due_at <= :at',
      ExpressionAttributeValues: { ':due': DUE, ':at': at },
      Limit: limit,
    });
    return items;
  }

  /** Claims the look at a run for this process until `lease_until`. @returns undefined when another process has it */
  async claim({ task, push_id }: PushKey, due_at: string, lease_until: string): Promise<TaskPush | undefined> {
    return this.change({
      TableName: TABLE,
      Key: { task, push_id },
      UpdateExpression: 'SET due_at = :lease',
      ConditionExpression: 'due_at = :seen',
      ExpressionAttributeValues: { ':seen': due_at, ':lease': lease_until },
    });
  }

  /** Makes the run due at once, unless there is nothing left to report. */
  async hasten({ task, push_id }: PushKey, at: string): Promise<void> {
    await this.change({
      TableName: TABLE,
      Key: { task, push_id },
      UpdateExpression: 'SET due_at = :at',
      ConditionExpression: 'due_at > :at',
      ExpressionAttributeValues: { ':at': at },
    });
  }

  /** Ends a claimed look. Does nothing when the claim was lost, or the push was deleted. */
  async settle({ task, push_id, due_at }: TaskPush, { reported, attempts, next_at }: PushChange): Promise<void> {
    await this.change({
      TableName: TABLE,
      Key: { task, push_id },
      UpdateExpression:
        'SET reported = :reported, attempts = :attempts' +
        (next_at === undefined ? ' REMOVE due, due_at' : ', due_at = :next'),
      ConditionExpression: 'due_at = :claim',
      ExpressionAttributeValues: {
        ':reported': reported,
        ':attempts': attempts,
        ':claim': due_at,
        ...(next_at === undefined ? {} : { ':next': next_at }),
      },
    });
  }

  async delete({ task, push_id }: PushKey): Promise<void> {
    await this.db.delete({ TableName: TABLE, Key: { task, push_id } });
  }

  async deleteByTask(org_id: string, invocation_id: string): Promise<void> {
    const pushes = await this.listByTask(org_id, invocation_id);
    await this.db.batchDelete(
      TABLE,
      pushes.map(({ task, push_id }) => ({ task, push_id })),
    );
  }

  async deleteByOrg(org_id: string): Promise<void> {
    await this.db.deleteMatching<TaskPush>(
      TABLE,
      (push) => push.org_id === org_id,
      ({ task, push_id }) => ({ task, push_id }),
    );
  }

  private async change(input: UpdateInput): Promise<TaskPush | undefined> {
    try {
      return await this.db.update<TaskPush>(input);
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      return undefined;
    }
  }
}
