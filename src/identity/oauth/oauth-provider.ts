export const PROVIDERS = ['google', 'github'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** What is sent along to the provider and must come back, or be proven when the code is exchanged. */
export interface OAuthChecks {
  state: string;
  nonce: string;
  code_verifier: string;
}

/** Whom a provider says it has in front of it. */
export interface ProvenIdentity {
  email: string;
  /** The provider itself has proven that the address is this person's. */
  email_verified: boolean;
  name: string;
}

/** One way to sign in through somebody else: authorization code with PKCE. */
export abstract class OAuthProvider {
  abstract readonly name: ProviderName;

  /** Client id and secret are set. */
  abstract readonly isEnabled: boolean;

  /** Where the browser is sent to. @throws Error when the provider cannot be reached */
  abstract authorizationUrl(checks: OAuthChecks): Promise<URL>;

  /** Exchanges the code that the browser came back with. @throws Error when the provider does not confirm it */
  abstract identify(callback: URL, checks: OAuthChecks): Promise<ProvenIdentity>;
}
