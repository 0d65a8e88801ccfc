export type AuditOutcome = 'success' | 'refused' | 'failed';

/** What is told to the audit log. Details are small, safe to show to an administrator, and hold no secrets. */
export interface AuditFact {
  org_id: string;
  /** A user's or key's id; before sign-in the address that called. */
  actor: string;
  /** `<thing>.<what happened>`, e.g. `project.deleted`, `auth.login`, `config.read`. */
  action: string;
  outcome: AuditOutcome;
  /** The id of what was acted on. */
  target?: string;
  details?: Record<string, unknown>;
}

export interface AuditEntry extends AuditFact {
  entry_id: string;
  at: string;
}

export interface AuditQuery {
  actor?: string | undefined;
  action?: string | undefined;
  /** ISO 8601, UTC; entries from then on. */
  since?: string | undefined;
  limit: number;
  last_key?: string | undefined;
}
