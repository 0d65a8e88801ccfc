import type { Credential } from './tool-config.js';

/** The headers that present a credential. */
export function credentialHeaders(credential: Credential | undefined): Record<string, string> {
  switch (credential?.type) {
    case undefined:
      return {};
    case 'bearer':
      return { authorization: `Bearer ${credential.token}` };
    case 'header':
      return { [credential.name.toLowerCase()]: credential.value };
    case 'basic':
      return { authorization: `Basic ${basicPair(credential)}` };
  }
}

/** The text without the credential: a service may send back what it was sent. */
export function withoutCredential(text: string, credential: Credential | undefined): string {
  return secretsOf(credential).reduce((clean, secret) => clean.replaceAll(secret, '[credential]'), text);
}

function secretsOf(credential: Credential | undefined): string[] {
  switch (credential?.type) {
    case undefined:
      return [];
    case 'bearer':
      return [credential.token];
    case 'header':
      return [credential.value];
    case 'basic':
      return [basicPair(credential), credential.password];
  }
}

const basicPair = ({ username, password }: Extract<Credential, { type: 'basic' }>): string =>
  Buffer.from(`${username}:${password}`).toString('base64');
