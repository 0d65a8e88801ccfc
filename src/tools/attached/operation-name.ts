import { createHash } from 'node:crypto';

/** Model providers take no longer names. */
const NAME_MAX = 64;

/** `<tool>_<operation>` in letters, digits and `_`; a long one keeps its beginning and gets a short hash. */
export function operationName(tool: string, operation: string): string {
  const words = operation.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_|_$/g, '');
  const name = `${tool}_${words}`;
  if (name.length <= NAME_MAX) return name;
  const hash = createHash('sha256').update(operation).digest('hex').slice(0, 6);
  return `${name.slice(0, NAME_MAX - hash.length - 1)}_${hash}`;
}
