import type { Settings } from '../../platform/config/settings.js';
import { RemoteProvider } from '../remote/remote-provider.js';

/** `MODEL_PROVIDER=anthropic`: the Messages API of Anthropic. */
export function anthropicProvider(settings: Settings): RemoteProvider {
  return new RemoteProvider('anthropic', settings, async () => {
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    return createAnthropic({
      baseURL: settings.get('ANTHROPIC_BASE_URL'),
      apiKey: settings.get('ANTHROPIC_API_KEY') ?? '',
    });
  });
}
