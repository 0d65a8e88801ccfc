import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, parseDocument } from 'yaml';

/** One document. @throws Error also for duplicate keys, which YAML forbids and most readers pass over. */
export function readYaml<T>(path: string): T {
  const document = parseDocument(readFileSync(path, 'utf8'), { merge: true, uniqueKeys: true });
  if (document.errors.length > 0)
    throw new Error(`${path}: ${document.errors.map(({ message }) => message).join('; ')}`);
  return document.toJS() as T;
}

export function parseManifests<T>(text: string): T[] {
  return parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
    const [error] = (document as { errors: Error[] }).errors;
    if (error) throw error;
    return (document as { toJS(): unknown }).toJS() as T;
  });
}

export const filesIn = (directory: string, extension: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith(extension))
    .map((name) => join(directory, name));

/** The environment of a service as compose fills it in: `${NAME:-default}`, and `${NAME:?why}`, which must be given. */
export function composeEnvironment(
  environment: Record<string, string>,
  given: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      const [, variable = '', kind, rest = ''] = /^\$\{(\w+):([-?])(.*)\}$/.exec(value) ?? [];
      if (kind === undefined) return [name, value];
      const own = given[variable] ?? '';
      if (own === '' && kind === '?') throw new Error(`required variable ${variable} is missing a value: ${rest}`);
      return [name, own === '' ? rest : own];
    }),
  );
}
