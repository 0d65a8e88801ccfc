export type Intent = 'new_project' | 'existing_project' | 'unclear';

/** Something that the agent is asked to do. */
export interface Capability {
  verb: string;
  /** The clause from its verb on: "answer questions about opening hours". */
  text: string;
}

export interface Limit {
  text: string;
  bound: 'at_most' | 'at_least' | 'exactly';
  value: number;
  unit: string;
}

export interface Fact {
  /** The sentence as it was written. */
  statement: string;
  /** A question that the statement answers. */
  question: string;
  /** A word of the statement that a right answer has to repeat. */
  key: string;
}

export interface Role {
  name: string;
  responsibility: string;
}

/** What rules can read out of a requirement. Everything is derived from its text alone. */
export interface RequirementProfile {
  text: string;
  sentences: string[];
  intent: Intent;
  /** "customer support assistant" */
  subject: string;
  audience: string;
  capabilities: Capability[];
  entities: string[];
  limits: Limit[];
  tone: string[];
  /** Sentences that oblige or forbid. */
  rules: string[];
  facts: Fact[];
  /** At least two when the requirement describes cooperating roles, else none. */
  roles: Role[];
  category: string;
  slug: string;
}
