import { ToolError } from '../../tool.js';
import type { HttpCall, InputPlace, ToolRisk } from '../tool-kind.js';

const HOLE = /\{([^{}]+)\}/g;

/** Names of the holes of an address, e.g. `id` in `https://example.com/users/{id}`. */
export function holesOf(url: string): string[] {
  return [...url.matchAll(HOLE)].map(([, name]) => name ?? '');
}

/** GET and HEAD read, DELETE destroys, every other method may write. */
export function riskOf(method: string): ToolRisk {
  const upper = method.toUpperCase();
  if (upper === 'GET' || upper === 'HEAD') return 'read';
  return upper === 'DELETE' ? 'destructive' : 'write';
}

/** Fills the template with an input that fits its schema. Throws {@link ToolError} for a value that the path cannot hold. */
export function requestOf(
  { url, places, headers, method }: HttpCall,
  input: Record<string, unknown>,
): { url: string; headers: Record<string, string>; body?: string } {
  const inPath = new Set(holesOf(url));
  const values = Object.entries(input).filter(([, value]) => value !== undefined && value !== null);
  const of = (place: InputPlace) =>
    values.filter(([name]) => !inPath.has(name) && (places[name] ?? defaultPlace(method)) === place);
  const target = new URL(url.replaceAll(HOLE, (_, name: string) => filled(name, input[name])));
  for (const [name, value] of of('query'))
    for (const one of Array.isArray(value) ? value : [value]) target.searchParams.append(name, asText(one));
  const sent = { ...headers };
  for (const [name, value] of of('header')) sent[name.toLowerCase()] = asText(value).replaceAll(/[\r\n]/g, ' ');
  const fields = of('body_field');
  const [whole] = of('body');
  const content = whole ? whole[1] : fields.length > 0 ? Object.fromEntries(fields) : undefined;
  if (content === undefined) return { url: target.href, headers: sent };
  return {
    url: target.href,
    headers: { 'content-type': 'application/json', ...sent },
    body: JSON.stringify(content),
  };
}

/** Refuses `.` and `..`: they would leave the path even when encoded. */
function filled(name: string, value: unknown): string {
  if (value === undefined || value === null) throw new ToolError(`The input needs ${name}.`);
  const text = asText(value);
  if (text === '' || text === '.' || text === '..') throw new ToolError(`${name} must not be "${text}".`);
  return encodeURIComponent(text);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

const defaultPlace = (method: string): InputPlace =>
  method === 'GET' || method === 'HEAD' || method === 'DELETE' ? 'query' : 'body_field';
