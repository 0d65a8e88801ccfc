import type { Write } from '../../platform/database/unit-of-work.js';

export interface ToolOwner {
  project_id: string;
  /** Null: the whole project. */
  agent_id: string | null;
}

/** Projects and agents as owners of tools. The projects module implements it. */
export abstract class ToolOwners {
  /**
   * The owner, and the conditions that it still exists when the tool is stored.
   * @throws NotFoundError, also for a project or agent of another organization
   */
  abstract require(
    org_id: string,
    wanted: { project_id: string } | { agent_id: string },
  ): Promise<{ owner: ToolOwner; conditions: Write[] }>;
}
