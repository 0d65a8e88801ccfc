import { Injectable } from '@nestjs/common';
import { AgentRunService } from '../agents/agent-run.service.js';
import { RunnableAgentsService } from '../agents/runnable-agents.service.js';
import type { Session } from './session.js';

/** The agent behind a session. */
@Injectable()
export class ConversationAgent {
  constructor(
    private readonly agents: RunnableAgentsService,
    readonly runs: AgentRunService,
  ) {}

  runnable({ org_id, agent_id }: Session) {
    return this.agents.get(org_id, agent_id);
  }
}
