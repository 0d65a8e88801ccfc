export const CHECK_KINDS = ['contains', 'not_contains', 'matches', 'uses_tool', 'non_empty'] as const;

/** A rule-based check of an answer. */
export interface ExampleCheck {
  kind: (typeof CHECK_KINDS)[number];
  /** Text (compared without regard to case), a JavaScript regular expression, or a tool's name; null for `non_empty` only. */
  value: string | null;
}

/** A message that a person saved, and what every later version must answer to it. */
export interface AgentExample {
  example_id: string;
  agent_id: string;
  org_id: string;
  input: string;
  checks: ExampleCheck[];
  /** The run that it was saved from. */
  invocation_id: string | null;
  created_by: string;
  created_at: string;
}

/** An agent has at most so many: each build runs them all. */
export const EXAMPLES_MAX = 20;

/** Why a check can never pass or fail as meant; undefined when it is sound. */
export function faultOfCheck({ kind, value }: ExampleCheck): string | undefined {
  if (kind === 'non_empty') return undefined;
  if (value === null) return `needs a value for ${kind}`;
  return kind === 'matches' && !isPattern(value) ? 'must be a regular expression' : undefined;
}

export function isPattern(value: string): boolean {
  try {
    return new RegExp(value, 'iu') instanceof RegExp;
  } catch {
    return false;
  }
}
