import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Inject, Injectable } from '@nestjs/common';
import { generateText, NoObjectGeneratedError, Output } from 'ai';
import type { z } from 'zod';
import { Settings } from '../platform/config/settings.js';
import { ValidationError } from '../shared/domain-error.js';
import type { Usage } from '../shared/usage.js';
import { ModelError } from './model-error.js';
import { ModelProvider } from './model-provider.js';
import { usageOf } from './model-usage.js';
import { writeStructuredPrompt } from './structured-prompt.js';

export const MODEL_PROVIDERS = Symbol('MODEL_PROVIDERS');

export interface StructuredRequest<T> {
  /** Name of the schema; the offline model finds its writer by it. */
  name: string;
  schema: z.ZodType<T>;
  system: string;
  instructions: string;
  /** JSON value that the model works on. It is passed as data, see {@link writeStructuredPrompt}. */
  input: unknown;
  model_id?: string | null;
  signal?: AbortSignal;
}

export interface StructuredAnswer<T> {
  object: T;
  model: string;
  usage: Usage;
}

/** The language models of the platform: one provider, picked by the setting `MODEL_PROVIDER`. */
@Injectable()
export class ModelsService {
  private readonly provider: ModelProvider;

  constructor(
    private readonly settings: Settings,
    @Inject(MODEL_PROVIDERS) providers: readonly ModelProvider[],
  ) {
    const name = settings.get('MODEL_PROVIDER');
    const provider = providers.find((candidate) => candidate.name === name);
    if (!provider)
      throw new Error(`MODEL_PROVIDER "${name}" is not one of: ${providers.map((one) => one.name).join(', ')}`);
    this.provider = provider;
  }

  /** The model behind an id; without one the setting `MODEL_ID`, then the provider's default. Throws {@link ValidationError} for an id that the provider does not serve. */
  languageModel(modelId?: string | null): LanguageModelV4 {
    return this.provider.languageModel(this.resolve(modelId));
  }

  /** The id that answers carry in their `model` field, and the provider that serves it. */
  describe(modelId?: string | null): { id: string; provider: string } {
    return { id: this.resolve(modelId), provider: this.provider.name };
  }

  /** Asks the model for an object of the schema. Throws {@link ModelError} when the answer does not fit it or the model fails. */
  async generateStructured<T>(request: StructuredRequest<T>): Promise<StructuredAnswer<T>> {
    const model = this.languageModel(request.model_id);
    try {
      const result = await generateText({
        model,
        instructions: request.system,
        prompt: writeStructuredPrompt(request.instructions, request.input),
        output: Output.object({ schema: request.schema, name: request.name }),
        ...(request.signal ? { abortSignal: request.signal } : {}),
      });
      return { object: result.output, model: model.modelId, usage: usageOf(result.usage) };
    } catch (error) {
      request.signal?.throwIfAborted();
      throw structuredFailure(request.name, model.modelId, error);
    }
  }

  private resolve(modelId?: string | null): string {
    const id = modelId ?? this.settings.get('MODEL_ID') ?? this.provider.defaultModelId;
    if (this.provider.serves(id)) return id;
    throw ValidationError.field(
      'model_id',
      `names "${id}", which the model provider "${this.provider.name}" does not serve`,
    );
  }
}

function structuredFailure(name: string, modelId: string, error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  const misfit = NoObjectGeneratedError.isInstance(error);
  const reason = misfit ? 'the answer does not fit the schema' : error instanceof Error ? error.message : String(error);
  return new ModelError(`The model ${modelId} could not write "${name}": ${reason}`, {
    details: { name, model: modelId },
    cause: error,
    transient: !misfit,
  });
}
