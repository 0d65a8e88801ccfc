import type { LanguageModelV4, LanguageModelV4Usage } from '@ai-sdk/provider';
import type { LanguageModelUsage } from 'ai';
import type { Usage } from '../shared/usage.js';
import { lazily } from '../platform/async/lazily.js';

/** `open`: the provider failed and is left alone for a moment; `half_open`: one call tries whether it is back. */
export type ProviderState = 'closed' | 'half_open' | 'open';

/** What a model can honour of what a caller asks for. */
export interface ModelAbilities {
  images: boolean;
  /** The provider loads images from https addresses. */
  image_urls: boolean;
  /** JSON, and JSON by a schema. */
  answer_formats: boolean;
  /** A call of a tool can be required. */
  tool_choice: boolean;
}

/** Families of models that read text only. Others are left to their provider. */
const TEXT_ONLY = /^(?:gpt-3\.5|gpt-4(?:-\d{4})?$|o1-mini|o3-mini|.*nova-micro|.*titan-text|.*deepseek|claude-2)/;

/** One source of language models. The setting `MODEL_PROVIDER` picks the provider that is used; there is never a silent second choice. */
export abstract class ModelProvider {
  /** The value of `MODEL_PROVIDER` that selects this provider. */
  abstract readonly name: string;

  /** The id that is used when neither the agent nor the setting `MODEL_ID` names one. */
  abstract readonly defaultModelId: string;

  /** Whether this provider can serve the id, so that a wrong one is refused before the first call. */
  abstract serves(modelId: string): boolean;

  abstract languageModel(modelId: string): LanguageModelV4;

  abilities(modelId: string): ModelAbilities {
    return { images: !TEXT_ONLY.test(modelId), image_urls: true, answer_formats: true, tool_choice: true };
  }

  /** The state of its circuit breaker; a provider in this process has none that could open. */
  get state(): ProviderState {
    return 'closed';
  }
}

/** The SDK's usage as the platform counts it; what a provider does not report counts as 0. */
export function usageOf(usage: LanguageModelUsage): Usage {
  return { input_tokens: usage.inputTokens ?? 0, output_tokens: usage.outputTokens ?? 0 };
}

/** The same of one call of a provider. */
export function callUsage({ inputTokens, outputTokens }: LanguageModelV4Usage): Usage {
  return { input_tokens: inputTokens.total ?? 0, output_tokens: outputTokens.total ?? 0 };
}

/** The AI SDK, loaded with the first run or build. Types are imported from `ai` directly. */
export const aiSdk = lazily(() => import('ai'));
