import type { Catalogue, FormatName } from '../catalogue/operation.js';
import { hash } from 'node:crypto';

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

const NAME_MAX = 64;
const HASH_LENGTH = 8;

/** Gives operations ids that last and names that a model's tool may have, each once. */
export class OperationNames {
  private readonly ids = new Set<string>();
  private readonly names = new Set<string>();

  /**
   * @param identity what the operation is, e.g. `GET /pets/{id}`; names of path parameters do not count
   * @param wanted the document's own name for it
   */
  next(identity: string, wanted: string): { operation_id: string; name: string } {
    const plain = identity.replaceAll(/\{[^{}]*\}/g, '{}');
    let operation_id = idOf(plain);
    for (let copy = 2; this.ids.has(operation_id); copy++) operation_id = idOf(`${plain}#${copy}`);
    this.ids.add(operation_id);
    let name = fitting(wanted);
    if (this.names.has(name)) name = cut(name, operation_id.slice(-HASH_LENGTH));
    this.names.add(name);
    return { operation_id, name };
  }
}

const idOf = (identity: string): string => `op_${hash('sha256', identity).slice(0, 16)}`;

/** Letters, digits and `_`, starting with a letter, at most 64 characters; a longer name ends with a hash of the whole. */
function fitting(wanted: string): string {
  const words = wanted
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '');
  const name = /^[A-Za-z]/.test(words) ? words : `op_${words}`.replace(/_$/, '');
  return name.length <= NAME_MAX ? name : cut(name, hash('sha256', wanted).slice(0, HASH_LENGTH));
}

const cut = (name: string, end: string): string => `${name.slice(0, NAME_MAX - end.length - 1)}_${end}`;
