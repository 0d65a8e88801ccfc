/** What the processes of `CatalogueWorkers` do. Nothing here has a secret, the network or the database. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { serve } from '../platform/async/worker-jobs.js';
import { callTasks } from './catalogue/call-tasks.js';
import { clientTasks } from './catalogue/client-tasks.js';
import { contractTasks } from './catalogue/contract-tasks.js';
import { mockTasks } from './catalogue/mock-tasks.js';
import { reviewTasks, listTasks } from './catalogue/list-tasks.js';
import type { Summary } from './integration.js';
import type { Catalogue, DocumentFault, FormatName } from './catalogue/operation.js';

export interface ImportTask {
  /** The document, compressed. */
  document: Uint8Array;
  format: FormatName | 'auto';
  url: string | undefined;
  files: Readonly<Record<string, string>>;
}

export type ImportAnswer =
  { missing: string[] } | { faults: DocumentFault[]; total: number } | { catalogue: Uint8Array; summary: Summary };

/** Everything that is asked of a catalogue, by name. */
export const catalogueTasks = {
  ...listTasks,
  ...callTasks,
  ...reviewTasks,
  ...mockTasks,
  ...clientTasks,
  ...contractTasks,
};
export type CatalogueTasks = typeof catalogueTasks;

export interface CatalogueTask {
  task: keyof CatalogueTasks;
  args: unknown;
  /** Of each catalogue that the task looks at: its key, and its content when this process did not hold it. */
  catalogues: { key: string; content?: Uint8Array }[];
}

/** Characters of JSON that a process holds as catalogues; what they take in memory is about four times that. */
const HELD_MAX_CHARACTERS = 40_000_000;
const held = new LRUCache<string, Catalogue>({ maxSize: HELD_MAX_CHARACTERS });

export const catalogueJobs = {
  read: async () => {
    const { readSource } = await import('./formats/read-source.js');
    const { DocumentFaults } = await import('./formats/source-text.js');
    return async ({ document, ...request }: ImportTask): Promise<ImportAnswer> => {
      try {
        const text = new TextDecoder().decode(gunzipSync(document));
        const read = await readSource({ ...request, text });
        if ('missing' in read) return read;
        return { catalogue: gzipSync(JSON.stringify(read), { level: 5 }), summary: summaryOf(read) };
      } catch (error) {
        if (error instanceof DocumentFaults) return { faults: error.faults, total: error.total };
        const reason =
          error instanceof RangeError ? 'it nests too deeply' : error instanceof Error ? error.message : String(error);
        return {
          faults: [{ pointer: '', line: null, column: null, message: `cannot be read: ${reason}`.slice(0, 300) }],
          total: 1,
        };
      }
    };
  },
  ask: async () => {
    return async ({ task, args, catalogues }: CatalogueTask): Promise<{ missing: string[] } | { output: unknown }> => {
      const found = catalogues.map(({ key, content }) => {
        const known = held.get(key);
        if (known || !content) return known;
        const text = gunzipSync(content).toString('utf8');
        const catalogue = JSON.parse(text) as Catalogue;
        held.set(key, catalogue, { size: text.length + 1 });
        return catalogue;
      });
      if (found.some((one) => one === undefined))
        return { missing: catalogues.flatMap(({ key }, index) => (found[index] ? [] : [key])) };
      const run = catalogueTasks[task] as (catalogues: Catalogue[], args: unknown) => unknown;
      return { output: await run(found as Catalogue[], args) };
    };
  },
};

export function summaryOf(catalogue: Catalogue): Summary {
  const { operations, schemas, notes: _notes, ...rest } = catalogue;
  const count = (risk: string) => operations.filter((one) => one.risk === risk).length;
  return {
    ...rest,
    servers: rest.servers.slice(0, 20),
    operation_count: operations.length,
    callable_count: operations.filter(({ callable }) => callable).length,
    schema_count: Object.keys(schemas).length,
    risks: { read: count('read'), write: count('write'), destructive: count('destructive') },
  };
}

export default serve(catalogueJobs);
