import { z } from 'zod';
import { ValidationError } from '../../shared/domain-error.js';

/** Absent and null mean the same everywhere in OpenAI's API. */
export const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

/** Refused, unless it has the one value that asks for nothing. */
export const only = <T extends string | number | boolean>(value: T, reason: string) =>
  optional(z.custom<T>((given) => given === value, `is not supported: ${reason}`));

/** A field that cannot be honoured at all. */
export const never = (reason: string) => optional(z.custom<undefined>(() => false, `is not supported: ${reason}`));

/** A body by its schema. Unknown fields are accepted. @throws ValidationError that names the first fault as OpenAI would */
export function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const issue = deepest(parsed.error.issues[0]);
  const param = pathOf(issue?.path ?? []) || 'body';
  const reason = reasonOf(issue);
  throw new ValidationError(`${param} ${reason}`, { details: { fields: { [param]: [reason] } } });
}

type Issue = z.core.$ZodIssue;

/** Of a union, the fault of the variant that came nearest. */
function deepest(issue: Issue | undefined): Issue | undefined {
  if (issue?.code !== 'invalid_union') return issue;
  const [nearest] = issue.errors
    .map(([first]) => deepest(first))
    .toSorted((a, b) => (b?.path.length ?? 0) - (a?.path.length ?? 0));
  return nearest && nearest.path.length > 0 ? { ...nearest, path: [...issue.path, ...nearest.path] } : issue;
}

function reasonOf(issue: Issue | undefined): string {
  if (issue?.code === 'custom') return issue.message;
  if (issue?.code === 'invalid_union') return 'has a form that is not supported';
  return `is not valid: ${issue?.message ?? ''}`;
}

/** `messages[0].content` */
function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

export const seconds = (at: string): number => Math.floor(Date.parse(at) / 1000);

/** Ids of OpenAI's objects hold the id of the run behind them. */
export const idWith = (prefix: string, invocation_id: string): string => prefix + invocation_id.replace(/^inv_/, '');

export const toolName = z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -');
const jsonSchema = z.record(z.string(), z.unknown());

export const functionTool = z.object({
  name: toolName,
  description: optional(z.string().max(10_000)),
  parameters: optional(jsonSchema),
  strict: optional(z.boolean()),
});

export const schemaFormat = z.object({
  name: toolName,
  description: optional(z.string().max(10_000)),
  schema: jsonSchema,
  strict: optional(z.boolean()),
});

export const metadata = optional(z.record(z.string().max(64), z.string().max(512)));

/** An image that the platform hands on: inline, or at an https address. */
export const imageUrl = z
  .string()
  .max(14_000_000)
  .refine(
    (url) => /^data:image\/[\w.+-]+;base64,/i.test(url) || isHttps(url),
    'must be an https address or a data: URL in base64',
  );

function isHttps(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === 'https:';
}

export const sampling = {
  temperature: optional(z.number().min(0).max(2)),
  top_p: optional(z.number().min(0).max(1)),
  metadata,
  parallel_tool_calls: optional(z.boolean()),
  user: optional(z.string()),
};

/** The run behind a response, and the session behind a conversation. Foreign ids name nothing. */
export const invocationId = (response_id: string): string => response_id.replace(/^resp_/, 'inv_');
export const sessionId = (conversation_id: string): string => conversation_id.replace(/^conv_/, 'sess_');

export const listSchema = z.object({
  limit: optional(z.coerce.number().int().min(1).max(100)).transform((limit) => limit ?? 20),
  order: optional(z.enum(['asc', 'desc'])).transform((order) => order ?? 'desc'),
  after: optional(z.string().max(200)),
});
export type ListRange = z.output<typeof listSchema>;

/** A page of a list that is in order: what stands behind `after`. */
export function listed<T extends { id: string }>(
  items: readonly T[],
  { limit, after }: Pick<ListRange, 'limit' | 'after'>,
) {
  const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
  const data = items.slice(start, start + limit);
  const has_more = items.length > start + limit;
  return { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more };
}
