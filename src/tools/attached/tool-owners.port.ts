import type { TransactItem } from '../../platform/dynamodb/dynamodb.js';

export interface ToolOwner {
  project_id: string;
  /** Null: the whole project. */
  agent_id: string | null;
}

/** Projects and agents, as far as tools need them. Bound by the floors above. */
export abstract class ToolOwners {
  /**
   * The owner, and conditions under which it is still there when the tool is stored.
   * @throws NotFoundError also for another organisation's project or agent.
   */
  abstract require(
    org_id: string,
    wanted: { project_id: string } | { agent_id: string },
  ): Promise<{ owner: ToolOwner; conditions: TransactItem[] }>;
}
