import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { newSecret, secretHash, SecretBox } from '../../platform/secrets/secret-box.js';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import { Clock } from '../../shared/clock.js';
import { InvalidStateError, ValidationError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import type { Page } from '../../shared/page.js';
import { secretValues } from '../../shared/secret-values.js';
import { CredentialsRepository } from './credentials.repository.js';
import { type GrantedTokens, OAuthGrants } from './oauth-grants.js';
import {
  parsedField,
  type Presentation,
  type PresentedTo,
  bindingOf,
  CredentialBusyError,
  type CredentialFields,
  CredentialNotFoundError,
  credentialSchema,
  CredentialUnusableError,
  type Fields,
  type OAuthTokens,
  SECRET_FIELDS,
  type StoredCredential,
} from './stored-credential.js';

/** An access token is renewed so long before its end, or a fifth of its life when that is shorter. */
const EARLY_MS = 60_000;
/** Longest time for one process to get new tokens. */
const REFRESH_MS = 20_000;
const POLL_MS = 100;
const STATE_SECONDS = 600;

/** Who uses a credential, and for what: an id of a user, a key or a tool, and the id of what is called. */
export interface CredentialUse {
  actor: string;
  used_for: string;
}

/** Credentials for APIs and MCP servers: sealed at rest, never shown, each use in the audit log. */
@Injectable()
export class CredentialsService {
  /** Tokens that this process is getting now, by credential. */
  private readonly flights = new Map<string, Promise<OAuthTokens>>();

  constructor(
    private readonly repository: CredentialsRepository,
    private readonly grants: OAuthGrants,
    private readonly secrets: SecretBox,
    private readonly outgoing: OutgoingHttp,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws ValidationError that names each wrong field, never its value; InvalidStateError without an encryption key */
  async create(
    owner: { org_id: string; user_id: string },
    name: string,
    given: Record<string, unknown>,
  ): Promise<StoredCredential> {
    const fields = this.parsed(given);
    const created_at = this.clock.timestamp();
    const identity = { credential_id: this.ids.next('cred'), org_id: owner.org_id };
    const credential: StoredCredential = {
      ...{ ...identity, name, kind: fields.kind },
      ...{ details: shown(fields), sealed: this.secrets.seal(JSON.stringify(fields), bindingOf(identity, 'fields')) },
      ...{ tokens: null, token_version: 0, token_expires_at: null, refreshing_until: null },
      ...{ created_by: owner.user_id, created_at, updated_at: created_at },
    };
    await this.repository.create(credential);
    return credential;
  }

  /** @throws CredentialNotFoundError, also for a credential of another organization */
  async get(org_id: string, credential_id: string): Promise<StoredCredential> {
    const found = await this.repository.find(org_id, credential_id);
    if (!found) throw new CredentialNotFoundError(credential_id);
    return found;
  }

  list(org_id: string, page: { limit: number; last_key?: string | undefined }): Promise<Page<StoredCredential>> {
    return this.repository.list(org_id, page);
  }

  /** The kind stays the same. OAuth tokens of the former secrets are forgotten. @throws ValidationError, CredentialNotFoundError */
  async replace(org_id: string, credential_id: string, given: Record<string, unknown>): Promise<StoredCredential> {
    const credential = await this.get(org_id, credential_id);
    const fields = this.parsed(given);
    if (fields.kind !== credential.kind) throw ValidationError.field('kind', `must stay ${credential.kind}`);
    const sealed = this.secrets.seal(JSON.stringify(fields), bindingOf(credential, 'fields'));
    const change = { sealed, details: shown(fields), updated_at: this.clock.timestamp() };
    if (!(await this.repository.replaceSecrets(credential, change))) throw new CredentialNotFoundError(credential_id);
    return this.get(org_id, credential_id);
  }

  /** @throws CredentialNotFoundError */
  async delete(org_id: string, credential_id: string): Promise<void> {
    await this.get(org_id, credential_id);
    await this.repository.delete(org_id, credential_id);
  }

  deleteByOrg(org_id: string): Promise<void> {
    return this.repository.deleteByOrg(org_id);
  }

  /**
   * What a request must carry. OAuth tokens are renewed before they end, once, however many requests and processes need them.
   * @throws CredentialNotFoundError; CredentialUnusableError for another host than allowed, or when no token is given
   */
  async present(
    org_id: string,
    credential_id: string,
    request: PresentedTo,
    use: CredentialUse,
  ): Promise<Presentation> {
    const credential = await this.get(org_id, credential_id);
    const fields = this.open(credential);
    const { host, hostname } = new URL(request.url);
    const allowed = fields.allowed_hosts;
    if (allowed && !allowed.includes(host) && !allowed.includes(hostname))
      throw new CredentialUnusableError(
        credential_id,
        `it is not allowed for ${host}`,
        'Add the host to allowed_hosts, or use another credential.',
      );
    const presentation = await this.presentationOf(credential, fields, request);
    const details = { used_for: use.used_for, host };
    this.audit.note({
      org_id,
      actor: use.actor,
      action: 'credential.used',
      outcome: 'success',
      target: credential_id,
      details,
    });
    return presentation;
  }

  /** A credential to be presented later, by what calls a service; undefined without one. */
  storedUse(
    org_id: string,
    credential_id: string | undefined,
    use: CredentialUse,
  ): { type: 'stored'; present(request: PresentedTo): Promise<Presentation> } | undefined {
    if (credential_id === undefined) return undefined;
    return { type: 'stored', present: (request) => this.present(org_id, credential_id, request, use) };
  }

  /** Begins an authorization. The address is for the browser of the person who may use the API. @throws InvalidStateError */
  async authorize(
    org_id: string,
    user_id: string,
    credential_id: string,
  ): Promise<{ authorization_url: string; expires_in: number }> {
    const credential = await this.get(org_id, credential_id);
    const fields = this.open(credential);
    if (fields.kind !== 'oauth2_authorization_code')
      throw new InvalidStateError(
        'Only a credential of kind oauth2_authorization_code can be authorized in a browser',
        {
          details: { kind: credential.kind },
        },
      );
    const [state, verifier] = [newSecret(''), newSecret('')];
    const url = await this.grants.authorizationUrl(fields, state, verifier);
    await this.repository.createState(secretHash(state), {
      ...{ org_id, user_id, credential_id },
      code_verifier: this.secrets.seal(verifier, bindingOf(credential, 'verifier')),
      expires_at: Math.floor(this.clock.now().getTime() / 1000) + STATE_SECONDS,
    });
    return { authorization_url: url.href, expires_in: STATE_SECONDS };
  }

  /**
   * Ends an authorization, for the user who began it.
   * @throws ValidationError for a state that is unknown, used, expired or another user's; CredentialUnusableError
   */
  async finishAuthorization(org_id: string, user_id: string, query: URLSearchParams): Promise<StoredCredential> {
    const state = query.get('state') ?? '';
    const hash = secretHash(state);
    const begun = await this.repository.findState(hash);
    const isOurs =
      begun?.org_id === org_id && begun.user_id === user_id && begun.expires_at * 1000 > this.clock.now().getTime();
    if (!isOurs || !(await this.repository.takeState(hash)))
      throw ValidationError.field(
        'state',
        'is unknown, already used, expired, or belongs to another user; start the authorization again',
      );
    const credential = await this.get(org_id, begun.credential_id);
    const fields = this.open(credential) as Fields<'oauth2_authorization_code'>;
    const code_verifier = this.secrets.open(begun.code_verifier, bindingOf(credential, 'verifier'));
    const tokens = await this.granted(credential, () => this.grants.exchange(fields, query, { state, code_verifier }));
    await this.store(credential, tokens);
    return this.get(org_id, credential.credential_id);
  }

  private async presentationOf(
    credential: StoredCredential,
    fields: CredentialFields,
    request: PresentedTo,
  ): Promise<Presentation> {
    switch (fields.kind) {
      case 'bearer':
        return inHeaders({ authorization: `Bearer ${fields.token}` });
      case 'basic': {
        const pair = Buffer.from(`${fields.username}:${fields.password}`).toString('base64');
        secretValues.addStored(pair);
        return inHeaders({ authorization: `Basic ${pair}` });
      }
      case 'api_key': {
        const pair = { [fields.in === 'header' ? fields.name.toLowerCase() : fields.name]: fields.value };
        const none: Presentation = { headers: {}, query: {}, cookies: {} };
        if (fields.in === 'header') return { ...none, headers: pair };
        return fields.in === 'query' ? { ...none, query: pair } : { ...none, cookies: pair };
      }
      case 'hmac':
        return inHeaders(this.signature(fields, request));
      case 'oauth2_client_credentials':
      case 'oauth2_authorization_code': {
        const { access_token } = await this.tokensOf(credential, fields);
        secretValues.addStored(access_token);
        return inHeaders({ authorization: `Bearer ${access_token}` });
      }
    }
  }

  private signature(fields: Fields<'hmac'>, { method, url, body = '' }: PresentedTo): Record<string, string> {
    const { pathname, search, host } = new URL(url);
    const timestamp = String(Math.floor(this.clock.now().getTime() / 1000));
    const parts: Record<string, string> = { timestamp, method, path: pathname + search, host, body };
    const signed = fields.signed.replaceAll(/\{(\w+)\}/g, (whole, name: string) => parts[name] ?? whole);
    const signature = createHmac(fields.algorithm, fields.secret).update(signed).digest(fields.encoding);
    return {
      [fields.header.toLowerCase()]: fields.prefix + signature,
      ...(fields.timestamp_header === undefined ? {} : { [fields.timestamp_header.toLowerCase()]: timestamp }),
    };
  }

  private tokensOf(credential: StoredCredential, fields: OAuthFields): Promise<OAuthTokens> {
    const current = this.currentTokens(credential);
    if (current) return Promise.resolve(current);
    const key = `${credential.org_id}:${credential.credential_id}`;
    const flight = this.flights.get(key) ?? this.renewed(credential, fields).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  /** Undefined if no token is stored or it expires soon. */
  private currentTokens(credential: StoredCredential): OAuthTokens | undefined {
    const { tokens, token_expires_at, updated_at } = credential;
    if (!tokens) return undefined;
    if (token_expires_at !== null) {
      const life = Date.parse(token_expires_at) - Date.parse(updated_at);
      const early = Math.min(EARLY_MS, life / 5);
      if (this.clock.now().getTime() >= Date.parse(token_expires_at) - early) return undefined;
    }
    return JSON.parse(this.secrets.open(tokens, bindingOf(credential, 'tokens'))) as OAuthTokens;
  }

  /** One process gets new tokens; the others wait for what it stores. */
  private async renewed(read: StoredCredential, fields: OAuthFields): Promise<OAuthTokens> {
    const { org_id, credential_id } = read;
    let credential = read;
    for (const deadline = performance.now() + REFRESH_MS; performance.now() < deadline;) {
      const now = this.clock.now();
      const until = new Date(now.getTime() + REFRESH_MS).toISOString();
      if (await this.repository.claimRefresh(credential, now.toISOString(), until)) {
        try {
          const tokens = await this.granted(credential, () => this.asked(credential, fields));
          await this.store(credential, tokens);
          return tokens;
        } catch (error) {
          await this.repository.releaseRefresh(credential, until);
          throw error;
        }
      }
      await delay(POLL_MS);
      credential = await this.get(org_id, credential_id);
      const stored = this.currentTokens(credential);
      if (stored) return stored;
    }
    throw new CredentialBusyError(credential_id);
  }

  private asked(credential: StoredCredential, fields: OAuthFields): Promise<GrantedTokens> {
    if (fields.kind === 'oauth2_client_credentials') return this.grants.clientCredentials(fields);
    const former =
      credential.tokens &&
      (JSON.parse(this.secrets.open(credential.tokens, bindingOf(credential, 'tokens'))) as OAuthTokens);
    if (!former?.refresh_token)
      throw new CredentialUnusableError(
        credential.credential_id,
        former ? 'its access token has expired, and the server issued no refresh token' : 'it is not authorized yet',
        'Start an authorization: POST /api/v1/credentials/{credential_id}/authorize.',
      );
    return this.grants.refresh(fields, former.refresh_token);
  }

  /** @throws CredentialUnusableError that names the server's error code, never its words */
  private async granted(credential: StoredCredential, ask: () => Promise<GrantedTokens>): Promise<GrantedTokens> {
    const { org_id, credential_id } = credential;
    try {
      const tokens = await ask();
      for (const secret of [tokens.access_token, tokens.refresh_token])
        if (secret !== null) secretValues.addStored(secret);
      return tokens;
    } catch (error) {
      if (error instanceof CredentialUnusableError) throw error;
      const code =
        error instanceof Error && 'error' in error && typeof error.error === 'string' ? error.error : 'no response';
      const fact = { org_id, actor: 'system', action: 'credential.refused', target: credential_id } as const;
      this.audit.note({ ...fact, outcome: 'failed', details: { code: code.slice(0, 100) } });
      throw new CredentialUnusableError(
        credential_id,
        `the authorization server issued no token (${code.slice(0, 100)})`,
        'Check token_url, client_id and client_secret; if the authorization was revoked, start it again.',
        error,
      );
    }
  }

  private async store(
    credential: StoredCredential,
    { access_token, refresh_token, expires_in_seconds }: GrantedTokens,
  ): Promise<void> {
    const now = this.clock.now();
    const tokens: OAuthTokens = { access_token, refresh_token };
    await this.repository.storeTokens(credential, {
      tokens: this.secrets.seal(JSON.stringify(tokens), bindingOf(credential, 'tokens')),
      token_expires_at:
        expires_in_seconds === undefined ? null : new Date(now.getTime() + expires_in_seconds * 1000).toISOString(),
      updated_at: now.toISOString(),
    });
  }

  private parsed(given: Record<string, unknown>): CredentialFields {
    const fields = parsedField('fields', credentialSchema, given);
    for (const name of ['token_url', 'authorization_url'] as const) {
      const url = (fields as Record<string, unknown>)[name];
      if (typeof url !== 'string') continue;
      try {
        this.outgoing.check(url);
      } catch (error) {
        if (error instanceof OutgoingRefusedError)
          throw ValidationError.field(`fields.${name}`, error.message.replace(/^url /, ''));
        throw error;
      }
    }
    return fields;
  }

  private open(credential: StoredCredential): CredentialFields {
    const fields = JSON.parse(
      this.secrets.open(credential.sealed, bindingOf(credential, 'fields')),
    ) as CredentialFields;
    for (const [name, value] of Object.entries(fields))
      if (SECRET_FIELDS.has(name)) secretValues.addStored(String(value));
    return fields;
  }
}

type OAuthFields = Fields<'oauth2_client_credentials'> | Fields<'oauth2_authorization_code'>;

const inHeaders = (headers: Record<string, string>): Presentation => ({ headers, query: {}, cookies: {} });

function shown(fields: CredentialFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => name !== 'kind' && !SECRET_FIELDS.has(name) && value !== undefined,
    ),
  );
}
