import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';

export interface RequestFacts {
  request_id: string;
  /** W3C trace id, 32 hexadecimal digits: of the caller's trace, or of the one that began here. */
  trace_id?: string;
  /** Where the request came from; computed when asked. */
  client?: () => { address: string; user_agent: string | undefined };
  org_id?: string;
  user_id?: string;
}

const storage = new AsyncLocalStorage<RequestFacts>();

/** What is known of the request that is being served, for answers and log lines, without passing it through every call. */
@Injectable()
export class RequestContext {
  run<T>(facts: RequestFacts, callback: () => T): T {
    return storage.run(facts, callback);
  }

  /** Undefined outside a request: background work has none. */
  current(): RequestFacts | undefined {
    return storage.getStore();
  }

  setPrincipal(principal: { org_id: string; user_id: string }): void {
    const facts = storage.getStore();
    if (!facts) return;
    facts.org_id = principal.org_id;
    facts.user_id = principal.user_id;
  }
}
