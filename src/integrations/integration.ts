import type { FormatName, Risk } from './catalogue/operation.js';

export const INTEGRATION_STATUSES = ['importing', 'ready', 'failed', 'deleting'] as const;
export type IntegrationStatus = (typeof INTEGRATION_STATUSES)[number];

export const MOCK_MODES = ['off', 'on', 'instead'] as const;
/** `on` serves a mock of the API; `instead` also answers calls of operations from it. */
export type MockMode = (typeof MOCK_MODES)[number];

/** The import that runs or ran last. */
export interface ImportState {
  run_id: string;
  /** The version that the import creates. */
  version: number;
  status: 'running' | 'done' | 'failed';
  failure: string | null;
  started_at: string;
  ended_at: string | null;
}

/** One imported API. Its document and its catalogue are stored per version. */
export interface Integration extends Summary {
  integration_id: string;
  org_id: string;
  name: string;
  status: IntegrationStatus;
  /** Null until the document is stored. */
  import: ImportState | null;
  /** Replaces the document's server; null keeps it. */
  base_url: string | null;
  /** Where the document was fetched from; null when it was sent. */
  source_url: string | null;
  /** Presented with each call that names no other. */
  credential_id: string | null;
  /** The current version, from 1; 0 before the first import is done. */
  version: number;
  /** Names the stored data of the current version. */
  data_id: string;
  /** Off unless set. */
  mock?: MockMode;
  created_by: string;
  created_at: string;
  updated_at: string;
}

/** What a catalogue holds, in figures. */
export interface Summary {
  format: FormatName;
  format_version: string;
  title: string;
  api_version: string;
  description: string;
  servers: string[];
  operation_count: number;
  callable_count: number;
  schema_count: number;
  risks: Record<Risk, number>;
}

/** One import of the document. Never changes. */
export interface IntegrationVersion extends Summary {
  integration_id: string;
  version: number;
  /** Names the stored document and catalogue; a restored version has those of the one that it restores. */
  data_id: string;
  restored_from: number | null;
  source_url: string | null;
  /** SHA-256 of the document as it arrived. */
  document_hash: string;
  document_bytes: number;
  created_by: string;
  created_at: string;
}

/** An import on its way. The engine runs it; the document is stored before. */
export interface ImportRun {
  run_id: string;
  org_id: string;
  integration_id: string;
  version: number;
  format: FormatName | 'auto';
  source_url: string | null;
  document_hash: string;
  document_bytes: number;
  created_by: string;
  created_at: string;
}

export const MAX_DOCUMENT_BYTES = 25 * 1024 * 1024;
/** Without a run after so long, the process died before it could accept the import. */
const ACCEPTED_WITHIN_MS = 120_000;

/** The status that a caller sees: an import that was never accepted has failed. */
export function visibleStatus({ status, import: run, created_at }: Integration, now: Date): IntegrationStatus {
  const isLost = status === 'importing' && run === null && now.getTime() - Date.parse(created_at) > ACCEPTED_WITHIN_MS;
  return isLost ? 'failed' : status;
}

/** What callers see of it. */
export function integrationView(integration: Integration, now: Date) {
  const { org_id: _org, data_id: _data, schema_count: _schemas, ...shown } = integration;
  return { ...shown, status: visibleStatus(integration, now), mock: integration.mock ?? ('off' as const) };
}
