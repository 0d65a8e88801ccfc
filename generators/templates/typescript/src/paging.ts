import { ApiError } from './api.js';

/** How the answers of a list are split. Fields are dotted paths into the body; an empty path is the body itself. */
export interface Paging {
  kind: 'offset' | 'page' | 'cursor' | 'token' | 'link' | 'none';
  param: string | null;
  size_param: string | null;
  next_field: string | null;
  items_field: string | null;
  /** Whether the position is a field of the body, as a variable of GraphQL is. */
  in_body?: boolean;
}

/** The type of an item of the list at P. */
export type Item<R, P extends string> = P extends ''
  ? R extends ReadonlyArray<infer I>
    ? I
    : never
  : P extends keyof NonNullable<R>
    ? NonNullable<NonNullable<R>[P]> extends ReadonlyArray<infer I>
      ? I
      : unknown
    : unknown;

interface Answer {
  data?: unknown;
  error?: unknown;
  response?: Response;
}

/** The items of all pages. Pages of another host are not followed. @throws ApiError */
export async function* items<I, O extends object>(
  call: (options: O) => Promise<Answer>,
  options: O,
  paging: Paging,
): AsyncGenerator<I, void, undefined> {
  let next: object = {};
  const seen = new Set<string>();
  for (;;) {
    const key = JSON.stringify(next);
    if (seen.has(key)) return;
    seen.add(key);
    const { data, error, response } = await call({ ...options, ...next });
    if (!response) throw error;
    if (!response.ok) throw new ApiError(response.status, error, response);
    const found = at(data, paging.items_field ?? '');
    const list = Array.isArray(found) ? (found as I[]) : [];
    yield* list;
    const following = nextOf(paging, { ...options, ...next }, data, list, response);
    if (!following) return;
    next = following;
  }
}

function nextOf(
  { kind, param, size_param, next_field, in_body }: Paging,
  { query = {}, body = {} }: { query?: Record<string, unknown>; body?: object },
  data: unknown,
  list: unknown[],
  response: Response,
): object | undefined {
  const address = kind === 'link' ? linkOf(response.headers.get('link') ?? '') : at(data, next_field ?? '-');
  if (at(data, next_field?.replace(/[^.]*$/, 'hasNextPage') ?? '-') === false) return undefined;
  if (in_body) return param !== null && typeof address === 'string' ? { body: { ...body, [param]: address } } : undefined;
  if (kind === 'link' || (typeof address === 'string' && /^(?:https?:\/)?\//.test(address))) {
    if (typeof address !== 'string') return undefined;
    const url = new URL(address, response.url);
    if (url.origin !== new URL(response.url).origin) return undefined;
    return { baseUrl: url.origin, url: url.pathname + url.search, path: undefined, query: undefined };
  }
  if (param === null || list.length === 0) return undefined;
  const size = size_param === null ? Number.NaN : Number(query[size_param]);
  const isShort = list.length < size;
  if (kind === 'offset') return isShort ? undefined : { query: { ...query, [param]: (Number(query[param]) || 0) + list.length } };
  if (kind === 'page') return isShort ? undefined : { query: { ...query, [param]: (Number(query[param] ?? 1) || 0) + 1 } };
  if ((typeof address !== 'string' && typeof address !== 'number') || address === '') return undefined;
  return { query: { ...query, [param]: address } };
}

function at(value: unknown, path: string): unknown {
  if (path === '') return value;
  return path
    .split('.')
    .reduce<unknown>((current, step) => (current as Record<string, unknown> | null | undefined)?.[step], value);
}

function linkOf(header: string): string | undefined {
  for (const part of header.split(/,\s*(?=<)/)) {
    const found = /^\s*<([^>]*)>(.*)$/.exec(part);
    if (found && /;\s*rel="?next"?(?:\s|;|$)/i.test(found[2] ?? '')) return found[1];
  }
  return undefined;
}
