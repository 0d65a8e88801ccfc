import { z } from 'zod';
import {
  parsedField,
  type Presentation,
  type PresentedTo,
  withPresentation,
} from '../credentials/stored-credential.js';
import { secretValues } from '../../shared/secret-values.js';

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

/** A credential that stands in the tool itself. */
export type OwnCredential = z.infer<typeof credentialSchema>;

/** A stored credential, which each request presents: tokens are renewed, signatures made. */
export interface StoredUse {
  type: 'stored';
  /** @throws CredentialUnusableError, CredentialNotFoundError */
  present(request: PresentedTo): Promise<Presentation>;
}

export type Credential = OwnCredential | StoredUse;

/**
 * Registers the credential's secrets, so that logs, traces and errors of this process mask them.
 * @throws ValidationError that names each wrong field below `credential`, never its value
 */
export function parseCredential(given: unknown): OwnCredential {
  const credential = parsedField('credential', credentialSchema, given);
  for (const secret of presented(credential).secrets) secretValues.addStored(secret);
  return credential;
}

/** The request with the credential. @throws as {@link StoredUse.present} */
export async function withCredential<R extends PresentedTo & { headers: Record<string, string> }>(
  request: R,
  credential: Credential | undefined,
): Promise<R> {
  if (!credential) return request;
  if (credential.type === 'stored') return withPresentation(request, await credential.present(request));
  return { ...request, headers: { ...request.headers, ...presented(credential).headers } };
}

/** Masks the credential in a service's response, which may echo the request. */
export function withoutCredential(text: string, credential: Credential | undefined): string {
  if (credential?.type === 'stored') return secretValues.mask(text);
  const secrets = credential ? presented(credential).secrets : [];
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '[credential]'), text);
}

function presented(credential: OwnCredential): { headers: Record<string, string>; secrets: string[] } {
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
