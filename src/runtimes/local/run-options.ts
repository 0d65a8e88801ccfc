import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { ModelMessage, PrepareStepFunction, StopCondition, ToolChoice, ToolSet } from 'ai';

/** What the SDK needs to run an agent, streaming or not. */
export interface RunOptions {
  model: LanguageModelV4;
  instructions: string;
  messages: ModelMessage[];
  tools: ToolSet;
  stopWhen: StopCondition<ToolSet>;
  /** Tries are the provider's own affair: it knows Retry-After and when to leave off. */
  maxRetries: 0;
  maxOutputTokens: number;
  abortSignal: AbortSignal;
  toolChoice?: ToolChoice<ToolSet>;
  prepareStep?: PrepareStepFunction<ToolSet>;
  temperature?: number;
  topP?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  seed?: number;
  stopSequences?: string[];
}
