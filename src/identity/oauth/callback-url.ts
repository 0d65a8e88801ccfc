import type { Settings } from '../../platform/config/settings.js';
import type { ProviderName } from './oauth-provider.js';

/** Where a provider sends browsers back to: never made of what a request says of its host. */
export function callbackUrl(settings: Settings, provider: ProviderName): URL {
  const base = settings.get('NEXUS_PUBLIC_URL') ?? `http://127.0.0.1:${settings.get('API_PORT')}`;
  return new URL(`${base.replace(/\/$/, '')}/api/v1/auth/${provider}/callback`);
}
