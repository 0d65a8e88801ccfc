import { z } from 'zod';
import { ValidationError } from '../../shared/domain-error.js';
import { secretValues } from '../../shared/secret-values.js';

const address = z.string().min(1).max(2000);
const SECRET_HEADER = /^(?:authorization|proxy-authorization|cookie|.*(?:api[-_]?key|token|secret|password).*)$/i;
const TRANSPORT_HEADER = /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect)$/i;

const headers = z
  .record(
    z.string().regex(/^[A-Za-z0-9-]{1,100}$/),
    z
      .string()
      .max(2000)
      .regex(/^[^\r\n]*$/),
  )
  .refine((all) => Object.keys(all).length <= 20, 'at most 20 headers')
  .refine((all) => !Object.keys(all).some((name) => SECRET_HEADER.test(name)), 'secrets belong into credential')
  .refine(
    (all) => !Object.keys(all).some((name) => TRANSPORT_HEADER.test(name)),
    'must not set headers of the connection',
  )
  .default({});

export const inputSchemaRule = z
  .record(z.string(), z.unknown())
  .refine((schema) => schema['type'] === 'object', 'must be a JSON Schema with type "object"')
  .refine((schema) => JSON.stringify(schema).length <= 50_000, 'must be at most 50,000 characters');

const httpConfig = z.strictObject({
  kind: z.literal('http'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: address,
  input_schema: inputSchemaRule,
  headers,
  allowed_hosts: z.array(z.string().min(1).max(255)).min(1).max(20).optional(),
});

const mcpConfig = z.strictObject({
  kind: z.literal('mcp'),
  transport: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('streamable_http'), url: address }),
    z.strictObject({
      type: z.literal('stdio'),
      command: z.string().min(1).max(500),
      args: z.array(z.string().max(2000)).max(50).default([]),
    }),
  ]),
  operations: z.array(z.string().min(1).max(200)).max(50).optional(),
});

const openapiConfig = z
  .strictObject({
    kind: z.literal('openapi'),
    url: address.optional(),
    document: z.record(z.string(), z.unknown()).optional(),
    /** Takes the place of the document's first server. */
    server_url: address.optional(),
    operations: z.array(z.string().min(1).max(200)).max(50).optional(),
  })
  .refine(({ url, document }) => (url === undefined) !== (document === undefined), 'needs either url or document');

const configSchema = z.discriminatedUnion('kind', [httpConfig, mcpConfig, openapiConfig]);

/** How a tool is reached. */
export type ToolConfig = z.infer<typeof configSchema>;
export type HttpToolConfig = z.infer<typeof httpConfig>;
export type McpToolConfig = z.infer<typeof mcpConfig>;
export type OpenapiToolConfig = z.infer<typeof openapiConfig>;

const headerValue = z
  .string()
  .min(1)
  .max(8000)
  .regex(/^[^\r\n]*$/, 'must be one line');
const credentialSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('bearer'), token: headerValue }),
  z.strictObject({
    type: z.literal('header'),
    name: z.string().regex(/^[A-Za-z0-9-]{1,100}$/),
    value: headerValue,
  }),
  z.strictObject({ type: z.literal('basic'), username: z.string().min(1).max(500), password: headerValue }),
]);

export type Credential = z.infer<typeof credentialSchema>;

/** @throws ValidationError that names each field below `config`. */
export const parseConfig = (kind: string, config: object): ToolConfig =>
  checked('config', configSchema, { ...config, kind });

/** From here on its secret is masked wherever it turns up. @throws ValidationError that names each field below `credential`, never its value. */
export function parseCredential(given: unknown): Credential {
  const credential = checked('credential', credentialSchema, given);
  for (const secret of secretsOf(credential)) secretValues.addStored(secret);
  return credential;
}

function secretsOf(credential: Credential): string[] {
  switch (credential.type) {
    case 'bearer':
      return [credential.token];
    case 'header':
      return [credential.value];
    case 'basic': {
      const pair = `${credential.username}:${credential.password}`;
      return [credential.password, Buffer.from(pair).toString('base64')];
    }
  }
}

function checked<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string[]> = {};
  for (const issue of parsed.error.issues) (fields[[name, ...issue.path].join('.')] ??= []).push(issue.message);
  throw new ValidationError(`The request is not valid: ${Object.keys(fields).join(', ')}`, { details: { fields } });
}
