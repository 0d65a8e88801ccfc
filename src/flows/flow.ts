import type { FlowDefinition } from './definition/definition.js';
import type { Fault } from './definition/definition-check.js';

export const FLOW_STATUSES = ['draft', 'published', 'archived'] as const;
export type FlowStatus = (typeof FLOW_STATUSES)[number];

/** A flow with the definition that is being worked on. `revision` increases by one with every change. */
export interface Flow {
  flow_id: string;
  org_id: string;
  user_id: string;
  name: string;
  description: string;
  /** `draft` while the definition differs from the newest published version; that version still runs. */
  status: FlowStatus;
  /** The newest published version; null before the first. */
  version: number | null;
  revision: number;
  /** As it was given: a draft may have faults. */
  definition: Record<string, unknown>;
  created_at: string;
  updated_at: string;
  published_at: string | null;
}

/** A published definition. Immutable. */
export interface FlowVersion {
  flow_id: string;
  org_id: string;
  version: number;
  definition: FlowDefinition;
  references: FlowReferences;
  published_at: string;
  published_by: string;
}

/** What the names in a definition meant when it was published: ids by the name in the definition. */
export interface FlowReferences {
  /** Attached tools. */
  tools: Record<string, string>;
  /** Integrations, with the ids of the operations that are called. */
  integrations?: Record<string, { integration_id: string; operation_ids: string[] }>;
}

export interface FlowChanges {
  name?: string | undefined;
  description?: string | undefined;
  definition?: Record<string, unknown> | undefined;
}

/** A draft with what is wrong with its definition. */
export interface CheckedFlow {
  flow: Flow;
  faults: Fault[];
}
