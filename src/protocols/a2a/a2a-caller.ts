import type { User } from '@a2a-js/sdk/server';
import type { Principal } from '../../identity/principal.js';

/** Who asks, and through which of the two endpoints. */
export class A2aCaller implements User {
  readonly isAuthenticated = true;

  constructor(
    readonly principal: Principal,
    /** Of `/a2a/agents/{agent_id}`. On `/a2a` the request's tenant names the agent. */
    readonly agent_id: string | undefined,
    /** Of this endpoint, without a slash at the end. */
    readonly url: string,
    /** Aborted when the caller closes the connection. */
    readonly signal: AbortSignal,
  ) {}

  get userName(): string {
    return `${this.principal.org_id}/${this.principal.user_id}`;
  }
}
