import { IsOptional, IsString, Length } from 'class-validator';

export class ModelProviderDto {
  /** @example openai */
  name: string;

  /** Serves ids without a provider's name. */
  is_default: boolean;

  /**
   * Used when neither the agent nor the setting MODEL_ID names a model.
   * @example nexus/offline
   */
  default_model: string;

  /**
   * open: calls failed repeatedly and are refused for a moment. half_open: the next call tries whether the provider answers again.
   * @example closed
   */
  state: 'closed' | 'half_open' | 'open';
}

export class ModelPriceDto {
  /** @example gpt-4o-mini */
  id: string;

  /**
   * US dollars for a million tokens read, at list price.
   * @example 0.15
   */
  input_usd: number;

  /**
   * US dollars for a million tokens written, at list price.
   * @example 0.6
   */
  output_usd: number;
}

export class ModelsDto {
  /**
   * The model of agents that name none.
   * @example nexus/offline
   */
  default_model: string;

  /** Those that are set up. */
  providers: ModelProviderDto[];

  /** Models with a known price: the table of the platform and the setting MODEL_PRICES. Other models can be used too. */
  prices: ModelPriceDto[];
}

export class TestModelDto {
  /**
   * Absent for the platform's model. `<provider>:<id>` names a model of another configured provider.
   * @example nexus/offline
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  model_id?: string;
}

export class ModelTestErrorDto {
  /**
   * What went wrong: authentication, unknown_model, invalid_request, rate_limit, timeout, outage, refusal, truncated, malformed or internal.
   * @example authentication
   */
  fault: string;

  /** @example 'The model provider openai refused the key or credentials of the platform' */
  message: string;

  /**
   * What to do about it.
   * @example 'Check the key of the model provider in the settings of the platform.'
   */
  suggestion: string;
}

export class ModelTestDto {
  /** @example nexus/offline */
  model: string;

  /** @example offline */
  provider: string;

  /** The model answered. */
  ok: boolean;

  /**
   * Milliseconds until the answer or the failure.
   * @example 640
   */
  latency_ms: number;

  /**
   * US dollars. Null if the price of the model is not known or it did not answer.
   * @example 0.00001
   */
  cost_usd: number | null;

  /** Null when the model answered. */
  error: ModelTestErrorDto | null;
}
