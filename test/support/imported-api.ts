import { readFileSync } from 'node:fs';
import { type Answer, eventually, type HttpClient } from './http.js';

export interface WireIntegration {
  integration_id: string;
  name: string;
  status: string;
  version: number;
  format: string;
  operation_count: number;
  callable_count: number;
  import: { status: string; failure: string | null } | null;
}

/** The text of a document below `test/apis/documents`. */
export const apiDocument = (name: string): string =>
  readFileSync(new URL(`../apis/documents/${name}`, import.meta.url), 'utf8');

/** Imports a document and waits until the import has ended. */
export async function importApi(
  http: HttpClient,
  content: string | object,
  wish: Record<string, unknown> = {},
): Promise<WireIntegration> {
  const made: Answer<WireIntegration> = await http.post('/api/v1/integrations', {
    name: 'An API',
    source: { content },
    ...wish,
  });
  if (made.status !== 202) throw new Error(`the import was answered ${made.status}: ${JSON.stringify(made.error)}`);
  return settled(http, made.data.integration_id);
}

export async function settled(http: HttpClient, integration_id: string): Promise<WireIntegration> {
  const path = `/api/v1/integrations/${integration_id}`;
  const { data } = await eventually(
    () => http.get<WireIntegration>(path),
    ({ data }) => data.status !== 'importing' && data.import?.status !== 'running',
  );
  return data;
}
