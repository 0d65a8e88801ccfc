export type AuditOutcome = 'success' | 'refused' | 'failed';

/** One fact for the audit log. Details are safe to show to an administrator and hold no secrets; {@link boundedFact} cuts them. */
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

const LONGEST_NAME = 256;
const LONGEST_TEXT = 500;
const MOST_ITEMS = 20;
const DEEPEST = 3;
const LARGEST_DETAILS = 4_096;

/** An entry stays below 6 KB, whatever a request sent. */
export function boundedFact(fact: AuditFact): AuditFact {
  const { actor, action, target, details } = fact;
  return {
    ...fact,
    actor: cut(actor, LONGEST_NAME),
    action: cut(action, LONGEST_NAME),
    ...(target === undefined ? {} : { target: cut(target, LONGEST_NAME) }),
    ...(details === undefined ? {} : { details: boundedDetails(details) }),
  };
}

function boundedDetails(details: Record<string, unknown>): Record<string, unknown> {
  const bounded = boundedValue(details, 0) as Record<string, unknown>;
  const isSmall = Buffer.byteLength(JSON.stringify(bounded)) <= LARGEST_DETAILS;
  return isSmall ? bounded : { truncated: true, fields: Object.keys(bounded).map((name) => cut(name, 64)) };
}

function boundedValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value, LONGEST_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return '\u2026';
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => boundedValue(item, depth + 1));
  const entries = Object.entries(value).slice(0, MOST_ITEMS);
  return Object.fromEntries(entries.map(([name, item]) => [cut(name, LONGEST_NAME), boundedValue(item, depth + 1)]));
}

/** Never splits a pair of surrogates: half of one cannot be stored. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}\u2026`;
}
