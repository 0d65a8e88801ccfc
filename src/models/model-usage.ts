import type { LanguageModelUsage } from 'ai';
import type { Usage } from '../shared/usage.js';

/** The SDK's usage as the platform counts it; what a provider does not report counts as 0. */
export function usageOf(usage: LanguageModelUsage): Usage {
  return { input_tokens: usage.inputTokens ?? 0, output_tokens: usage.outputTokens ?? 0 };
}
