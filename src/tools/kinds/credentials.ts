import { z } from 'zod';
import { secretValues } from '../../shared/secret-values.js';
import { ValidationError } from '../../shared/domain-error.js';

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

/**
 * Registers the credential's secrets, so that logs, traces and errors of this process mask them.
 * @throws ValidationError that names each wrong field below `credential`, never its value
 */
export function parseCredential(given: unknown): Credential {
  const credential = parsedField('credential', credentialSchema, given);
  for (const secret of presented(credential).secrets) secretValues.addStored(secret);
  return credential;
}

/** The headers that present a credential. */
export function credentialHeaders(credential: Credential | undefined): Record<string, string> {
  return credential ? presented(credential).headers : {};
}

/** Masks the credential in a service's response, which may echo the request. */
export function withoutCredential(text: string, credential: Credential | undefined): string {
  const secrets = credential ? presented(credential).secrets : [];
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '[credential]'), text);
}

function presented(credential: Credential): { headers: Record<string, string>; secrets: string[] } {
  switch (credential.type) {
    case 'bearer':
      return { headers: { authorization: `Bearer ${credential.token}` }, secrets: [credential.token] };
    case 'header':
      return { headers: { [credential.name.toLowerCase()]: credential.value }, secrets: [credential.value] };
    case 'basic': {
      const { username, password } = credential;
      const pair = Buffer.from(`${username}:${password}`).toString('base64');
      return { headers: { authorization: `Basic ${pair}` }, secrets: [pair, password] };
    }
  }
}

/** @throws ValidationError that names each wrong field below `field`, never its value. */
export function parsedField<T>(field: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string[]> = {};
  for (const issue of parsed.error.issues) (fields[[field, ...issue.path].join('.')] ??= []).push(issue.message);
  throw new ValidationError(`The request is not valid: ${Object.keys(fields).join(', ')}`, { details: { fields } });
}
