import type { LanguageModelV4CallOptions, LanguageModelV4Usage } from '@ai-sdk/provider';

/** The usual rule of thumb for English text: four characters a token. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens of a text, rounded up: an estimate by length, since the offline model has no tokenizer. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** Counts the prompt and the offered tools as input, as providers do, and what was written as output. */
export function estimateUsage(options: LanguageModelV4CallOptions, written: string): LanguageModelV4Usage {
  const input = estimateTokens(JSON.stringify(options.prompt)) + estimateTokens(JSON.stringify(options.tools ?? ''));
  const output = estimateTokens(written);
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  };
}
