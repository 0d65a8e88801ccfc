import type { Catalogue, FormatName } from '../catalogue/operation.js';

/** A document as it arrived. */
export interface Source {
  text: string;
  /** JSON or YAML, parsed; undefined when the text is neither. */
  document: unknown;
  /** Where it was fetched from; relative addresses in it are relative to this. */
  url: string | undefined;
  /** Texts of other files that the document refers to, by address. */
  files: Readonly<Record<string, string>>;
}

/** Files that must be fetched before the document can be read. */
export interface Missing {
  missing: string[];
}

/** A format of source documents. A new format is one subclass and one line in `SOURCE_FORMATS`. Runs in a worker process. */
export abstract class SourceFormat {
  abstract readonly name: FormatName;

  /** Whether the document looks like this format. */
  abstract detects(source: Pick<Source, 'text' | 'document'>): boolean;

  /** The document as a catalogue. @throws DocumentFaults with every fault, each with its JSON pointer */
  abstract read(source: Source): Promise<Catalogue | Missing>;
}

export type Json = Record<string, unknown>;

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
