import { ApiError } from './api.js';
import { QUERIES } from './queries.js';

interface Answer {
  data?: Record<string, unknown> | null;
  errors?: unknown[];
}

/** Sends the query that a path stands for, and answers the value of its field. @throws ApiError for errors of GraphQL */
export async function overGraphql(request: Request, send: (request: Request) => Promise<Response>): Promise<Response> {
  const url = new URL(request.url);
  const [path = '', field = ''] = /\/(?:query|mutation)\/(\w+)$/.exec(url.pathname) ?? [];
  const query = QUERIES[path];
  if (query === undefined) return send(request);
  url.pathname = url.pathname.slice(0, -path.length);
  const text = await request.text();
  const variables = text === '' ? {} : (JSON.parse(text) as unknown);
  const headers = new Headers(request.headers);
  headers.set('content-type', 'application/json');
  const body = JSON.stringify({ query, variables });
  const response = await send(new Request(url, { method: 'POST', headers, body, signal: request.signal }));
  if (!response.ok) return response;
  const answer = (await response.json()) as Answer;
  if (answer.errors !== undefined && answer.errors.length > 0) throw new ApiError(response.status, answer, response);
  const answered = { status: response.status, headers: { 'content-type': 'application/json' } };
  return new Response(JSON.stringify(answer.data?.[field] ?? null), answered);
}
