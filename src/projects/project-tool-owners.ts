import { Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/agents.service.js';
import type { Write } from '../platform/database/unit-of-work.js';
import { type ToolOwner, ToolOwners } from '../tools/attachments/tool-owners.port.js';
import { ProjectsService } from './projects.service.js';

/** Who may have tools: projects and agents that exist and stay. */
@Injectable()
export class ProjectToolOwners extends ToolOwners {
  constructor(
    private readonly projects: ProjectsService,
    private readonly agents: AgentsService,
  ) {
    super();
  }

  override async require(
    org_id: string,
    wanted: { project_id: string } | { agent_id: string },
  ): Promise<{ owner: ToolOwner; conditions: Write[] }> {
    if ('project_id' in wanted) {
      const { project_id } = await this.projects.get(org_id, wanted.project_id);
      return { owner: { project_id, agent_id: null }, conditions: [this.projects.stays(project_id)] };
    }
    const { project_id, agent_id } = await this.agents.get(org_id, wanted.agent_id);
    return { owner: { project_id, agent_id }, conditions: [this.agents.stays(agent_id)] };
  }
}
