import { hash } from 'node:crypto';

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

/** Letters, digits and `_`, beginning with a letter, at most 64 characters; a longer name ends with a hash of the whole. */
export function fitting(wanted: string): string {
  const words = wanted
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '');
  const name = /^[A-Za-z]/.test(words) ? words : `op_${words}`.replace(/_$/, '');
  return name.length <= NAME_MAX ? name : cut(name, hash('sha256', wanted).slice(0, HASH_LENGTH));
}

const cut = (name: string, end: string): string => `${name.slice(0, NAME_MAX - end.length - 1)}_${end}`;
