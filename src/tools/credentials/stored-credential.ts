import { z } from 'zod';
import { ValidationError, ConflictError, InvalidStateError, NotFoundError } from '../../shared/domain-error.js';
import type { SealedSecret } from '../../platform/secrets/secret-box.js';

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

const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\r\n]*$/, 'must be one line');
const headerName = z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'must be a header name');
const scopes = z.array(line(200)).max(50).default([]);
const hosts = z.array(line(255)).min(1).max(20).optional();
const address = z.url({ protocol: /^https?$/ }).max(2000);

/** What every kind may have. */
const common = { allowed_hosts: hosts };

/** Every kind of credential: what a request gives. Fields of {@link SECRET_FIELDS} are sealed and never shown. */
export const credentialSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bearer'), token: line(8000), ...common }),
  z.strictObject({ kind: z.literal('basic'), username: line(500), password: line(8000), ...common }),
  z.strictObject({
    kind: z.literal('api_key'),
    in: z.enum(['header', 'query', 'cookie']).default('header'),
    name: line(100).regex(/^[\w.-]+$/, 'must be letters, digits, _, - and .'),
    value: line(8000),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('hmac'),
    secret: line(8000),
    algorithm: z.enum(['sha256', 'sha512', 'sha1']).default('sha256'),
    encoding: z.enum(['hex', 'base64']).default('hex'),
    /** Carries `prefix` and the signature. */
    header: headerName,
    prefix: z
      .string()
      .max(100)
      .regex(/^[^\r\n]*$/)
      .default(''),
    /** Carries the seconds since 1970 that are signed; left out when `signed` does not hold them. */
    timestamp_header: headerName.optional(),
    /** What is signed. */
    signed: z.string().min(1).max(500).default('{timestamp}\n{method}\n{path}\n{body}'),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('oauth2_client_credentials'),
    token_url: address,
    client_id: line(500),
    client_secret: line(8000),
    client_auth: z.enum(['basic', 'post']).default('basic'),
    scopes,
    audience: line(1000).optional(),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('oauth2_authorization_code'),
    authorization_url: address,
    token_url: address,
    client_id: line(500),
    client_secret: line(8000).optional(),
    client_auth: z.enum(['basic', 'post']).default('basic'),
    scopes,
    ...common,
  }),
]);

export type CredentialFields = z.infer<typeof credentialSchema>;
export type CredentialKind = CredentialFields['kind'];
export type Fields<K extends CredentialKind> = Extract<CredentialFields, { kind: K }>;
export const CREDENTIAL_KINDS = credentialSchema.options.map((one): CredentialKind => one.shape.kind.value);
/** Of all kinds together. */
export const SECRET_FIELDS: ReadonlySet<string> = new Set(['token', 'password', 'value', 'secret', 'client_secret']);

/** A credential as it is stored. `details` are the fields that may be shown. */
export interface StoredCredential {
  credential_id: string;
  org_id: string;
  name: string;
  kind: CredentialKind;
  details: Record<string, unknown>;
  /** The whole of {@link CredentialFields} as JSON. */
  sealed: SealedSecret;
  /** {@link OAuthTokens} as JSON; null before the first. */
  tokens: SealedSecret | null;
  /** Grows with each change of the tokens. */
  token_version: number;
  /** When the access token ends; null when the server did not say. */
  token_expires_at: string | null;
  /** Until then a process is getting new tokens; others wait. */
  refreshing_until: string | null;
  created_by: string;
  created_at: string;
  updated_at: string;
}

export interface OAuthTokens {
  access_token: string;
  refresh_token: string | null;
}

/** A person on the way through an authorization. Found by the hash of `state`; good once, for ten minutes. */
export interface AuthorizationState {
  org_id: string;
  user_id: string;
  credential_id: string;
  code_verifier: SealedSecret;
  /** Seconds since 1970. */
  expires_at: number;
}

/** Whether calls can use it now. */
export const credentialStatus = ({ kind, tokens }: StoredCredential): 'ready' | 'needs_authorization' =>
  kind === 'oauth2_authorization_code' && tokens === null ? 'needs_authorization' : 'ready';

/** What sealed parts are bound to. */
export const bindingOf = (
  { org_id, credential_id }: Pick<StoredCredential, 'org_id' | 'credential_id'>,
  part: string,
): string => `credential:${org_id}:${credential_id}:${part}`;

export class CredentialNotFoundError extends NotFoundError {
  constructor(credential_id: string) {
    super('Credential', credential_id);
  }
}

/** The credential cannot be presented now. */
export class CredentialUnusableError extends InvalidStateError {
  constructor(credential_id: string, reason: string, suggestion: string, cause?: unknown) {
    super(`The credential cannot be used: ${reason}`, { details: { credential_id }, suggestion, cause });
  }
}

/** Another request is getting new tokens and has not finished in time. */
export class CredentialBusyError extends ConflictError {
  constructor(credential_id: string) {
    super('The tokens of the credential are being refreshed', {
      details: { credential_id },
      suggestion: 'Retry in a few seconds.',
    });
  }
}
