import type { z } from 'zod';
import { ValidationError } from '../../shared/domain-error.js';

/** The request that a credential is presented with. */
export interface PresentedTo {
  method: string;
  url: string;
  body?: string | undefined;
}

/** What a request carries to prove who calls. */
export interface Presentation {
  headers: Record<string, string>;
  query: Record<string, string>;
  cookies: Record<string, string>;
}

/** The request with what proves who calls. */
export function withPresentation<R extends { url: string; headers: Record<string, string> }>(
  request: R,
  { headers, query, cookies }: Presentation,
): R {
  const url = new URL(request.url);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const own = Object.entries(cookies).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const cookie = [request.headers['cookie'], ...own].filter((one) => one !== undefined).join('; ');
  return {
    ...request,
    url: Object.keys(query).length > 0 ? url.href : request.url,
    headers: { ...request.headers, ...headers, ...(cookie === '' ? {} : { cookie }) },
  };
}

/** @throws ValidationError that names each wrong field below `field`, never its value. */
export function parsedField<T>(field: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string[]> = {};
  for (const issue of parsed.error.issues) (fields[[field, ...issue.path].join('.')] ??= []).push(issue.message);
  throw new ValidationError(`The request is not valid: ${Object.keys(fields).join(', ')}`, { details: { fields } });
}
