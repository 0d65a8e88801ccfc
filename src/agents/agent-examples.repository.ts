import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../platform/database/cursors.js';
import { conditionFailed, DynamoDb } from '../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../platform/database/unit-of-work.js';
import type { Page } from '../shared/page.js';
import type { AgentExample } from './agent-example.js';
import { AgentChangedError } from './agents.errors.js';

const TABLE = 'AgentInstances';
const PREFIX = 'EXAMPLE#';

/** Saved examples, in the item collection of their agent: its deletion deletes them. */
@Injectable()
export class AgentExamplesRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
    private readonly unit: UnitOfWork,
  ) {}

  /** @param agentStays a condition in the same transaction. @throws AgentChangedError when it does not hold */
  async create(example: AgentExample, agentStays: Write): Promise<void> {
    const Item = { ...example, item: PREFIX + example.example_id };
    const changed = () => new AgentChangedError(example.agent_id);
    await this.unit.commitOr(changed, [agentStays, write.put({ TableName: TABLE, Item })]);
  }

  /** GET /agents/{id}/examples: oldest first. */
  list(
    { org_id, agent_id }: Pick<AgentExample, 'org_id' | 'agent_id'>,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<AgentExample>> {
    return pageOf<AgentExample>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        KeyConditionExpression: 'agent_id = :id AND begins_with(#item, :prefix)',
        ExpressionAttributeNames: { '#item': 'item' },
        ExpressionAttributeValues: { ':id': agent_id, ':prefix': PREFIX },
        ConsistentRead: true,
      },
      scope: `examples:${org_id}:${agent_id}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['agent_id', 'item'],
    });
  }

  /** @returns false when the agent has no such example */
  async delete(agent_id: string, example_id: string): Promise<boolean> {
    const Key = { agent_id, item: PREFIX + example_id };
    try {
      await this.db.delete({ TableName: TABLE, Key, ConditionExpression: 'attribute_exists(agent_id)' });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }
}
