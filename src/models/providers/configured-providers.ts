import { OPENAI_API } from '../../platform/config/groups/models.settings.js';
import type { Settings } from '../../platform/config/settings.js';
import type { ModelProvider } from '../model-provider.js';
import { anthropicProvider } from './anthropic.provider.js';
import { bedrockProvider } from './bedrock.provider.js';
import { openaiProvider } from './openai.provider.js';

/** The providers behind a network that the settings make usable: the chosen one, and those whose key or address is set. */
export function configuredProviders(settings: Settings): ModelProvider[] {
  const chosen = settings.get('MODEL_PROVIDER');
  const hasOpenai = settings.get('OPENAI_API_KEY') !== undefined || settings.get('OPENAI_BASE_URL') !== OPENAI_API;
  const hasBedrock =
    settings.get('AWS_BEARER_TOKEN_BEDROCK') !== undefined || settings.get('BEDROCK_BASE_URL') !== undefined;
  return [
    ...(chosen === 'openai' || hasOpenai ? [openaiProvider(settings)] : []),
    ...(chosen === 'anthropic' || settings.get('ANTHROPIC_API_KEY') !== undefined ? [anthropicProvider(settings)] : []),
    ...(chosen === 'bedrock' || hasBedrock ? [bedrockProvider(settings)] : []),
  ];
}
