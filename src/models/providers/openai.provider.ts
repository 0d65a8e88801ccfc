import type { Settings } from '../../platform/config/settings.js';
import { aiSdk } from '../ai-sdk.js';
import { RemoteProvider } from '../remote/remote-provider.js';
import { jsonMode } from './json-mode.js';

/** `MODEL_PROVIDER=openai`: OpenAI and every server that speaks its chat completions (Ollama, vLLM, LM Studio). */
export function openaiProvider(settings: Settings): RemoteProvider {
  return new RemoteProvider('openai', settings, async () => {
    const [{ createOpenAICompatible }, { wrapLanguageModel }] = await Promise.all([
      import('@ai-sdk/openai-compatible'),
      aiSdk(),
    ]);
    const apiKey = settings.get('OPENAI_API_KEY');
    const supportsStructuredOutputs = settings.get('OPENAI_STRUCTURED_OUTPUT') === 'json_schema';
    const provider = createOpenAICompatible({
      name: 'openai',
      baseURL: settings.get('OPENAI_BASE_URL'),
      includeUsage: true,
      supportsStructuredOutputs,
      ...(apiKey === undefined ? {} : { apiKey }),
    });
    const middleware = jsonMode(supportsStructuredOutputs);
    return (modelId) => wrapLanguageModel({ model: provider(modelId), middleware });
  });
}
