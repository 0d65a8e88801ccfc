import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../shared/domain-error.js';
import { GithubProvider } from './github.provider.js';
import { GoogleProvider } from './google.provider.js';
import type { OAuthProvider, ProviderName } from './oauth-provider.js';

/** The providers that the settings switch on. */
@Injectable()
export class OAuthProviders {
  private readonly byName: Readonly<Record<ProviderName, OAuthProvider>>;

  constructor(google: GoogleProvider, github: GithubProvider) {
    this.byName = { google, github };
  }

  /** @throws NotFoundError for a provider without a client id */
  get(name: ProviderName): OAuthProvider {
    const provider = this.byName[name];
    if (provider.isEnabled) return provider;
    throw new NotFoundError('Sign-in provider', name, {
      suggestion: `Sign in with a password, or ask the operator to set OAUTH_${name.toUpperCase()}_CLIENT_ID.`,
    });
  }
}
