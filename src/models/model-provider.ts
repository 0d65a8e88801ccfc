import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { LanguageModelUsage } from 'ai';
import type { Usage } from '../shared/usage.js';

/** `open`: the provider failed and is left alone for a moment; `half_open`: one call tries whether it is back. */
export type ProviderState = 'closed' | 'half_open' | 'open';

/** One source of language models. The setting `MODEL_PROVIDER` picks the provider that is used; there is never a silent second choice. */
export abstract class ModelProvider {
  /** The value of `MODEL_PROVIDER` that selects this provider. */
  abstract readonly name: string;

  /** The id that is used when neither the agent nor the setting `MODEL_ID` names one. */
  abstract readonly defaultModelId: string;

  /** Whether this provider can serve the id, so that a wrong one is refused before the first call. */
  abstract serves(modelId: string): boolean;

  abstract languageModel(modelId: string): LanguageModelV4;

  /** The state of its circuit breaker; a provider in this process has none that could open. */
  get state(): ProviderState {
    return 'closed';
  }
}

/** The SDK's usage as the platform counts it; what a provider does not report counts as 0. */
export function usageOf(usage: LanguageModelUsage): Usage {
  return { input_tokens: usage.inputTokens ?? 0, output_tokens: usage.outputTokens ?? 0 };
}
