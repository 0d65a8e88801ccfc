import type { Principal } from '../../identity/principal.js';

/** Who asks, through which of the two endpoints. */
export interface McpCaller {
  principal: Principal;
  /** Of `/mcp/agents/{agent_id}`: only this agent is offered. */
  agent_id?: string;
  /** Aborted when the caller closes the connection or cancels the request. */
  signal: AbortSignal;
}
