import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInt, IsNumber, IsOptional, IsUrl, Max, MaxLength, Min, IsString, Length } from 'class-validator';
import {
  BUDGET_SCOPES,
  BUDGET_WINDOWS,
  type BudgetScope,
  type BudgetWindow,
  type Enforcement,
  ENFORCEMENTS,
} from '../budget.js';

const MOST_USD = 1_000_000;
const MOST_TOKENS = 1_000_000_000_000;
const URL_LENGTH = 2_000;

/** At least one limit. A limit that is left out is removed. Days and months are those of the calendar, in UTC. */
export class SetBudgetDto {
  /**
   * US dollars at list price.
   * @example 25
   */
  @IsOptional()
  @IsNumber({ maxDecimalPlaces: 6 })
  @Min(0)
  @Max(MOST_USD)
  usd_per_day?: number;

  /** @example 500 */
  @IsOptional()
  @IsNumber({ maxDecimalPlaces: 6 })
  @Min(0)
  @Max(MOST_USD)
  usd_per_month?: number;

  /**
   * Input and output tokens.
   * @example 5000000
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MOST_TOKENS)
  tokens_per_day?: number;

  /** @example 100000000 */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MOST_TOKENS)
  tokens_per_month?: number;

  @ApiProperty({
    enum: ENFORCEMENTS,
    required: false,
    default: 'hard',
    description:
      '`hard` refuses model calls that could exceed a limit. If a limit is in US dollars, it also refuses calls to models without a known price. `soft` only counts and reports.',
  })
  @IsOptional()
  @IsIn(ENFORCEMENTS)
  enforcement?: Enforcement;

  /**
   * Receives a signed request at 50, 80 and 100% of each limit.
   * @example 'https://example.com/budgets'
   */
  @IsOptional()
  @IsUrl({ require_protocol: true, require_tld: false, protocols: ['http', 'https'] })
  @MaxLength(URL_LENGTH)
  webhook_url?: string;
}

class UsdStateDto {
  /** @example 25 */
  limit: number | null;

  /**
   * Spent by model calls that have ended.
   * @example 12.5
   */
  spent: number;

  /**
   * Reserved for calls that have not ended.
   * @example 0.04
   */
  held: number;
}

class TokensStateDto {
  /** @example 5000000 */
  limit: number | null;

  /** @example 1200450 */
  spent: number;

  /** @example 4096 */
  held: number;
}

export class BudgetWindowDto {
  @ApiProperty({ enum: BUDGET_WINDOWS, example: 'day' })
  window: BudgetWindow;

  /**
   * The day or month, in UTC.
   * @example '2026-11-20'
   */
  period: string;

  /** @example '2026-11-21T00:00:00.000Z' */
  resets_at: string;

  usd: UsdStateDto;

  tokens: TokensStateDto;

  /**
   * Percentage used of the limit that is closer to being reached.
   * @example 50
   */
  used_percent: number;
}

/** A budget and what was spent on it. */
export class BudgetDto {
  @ApiProperty({ enum: BUDGET_SCOPES, example: 'agent' })
  scope: BudgetScope;

  /**
   * Id of the project, agent or API key. For an organization, its own id.
   * @example 'proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:invoice_reader'
   */
  scope_id: string;

  /** @example 25 */
  usd_per_day: number | null;

  /** @example null */
  usd_per_month: number | null;

  /** @example null */
  tokens_per_day: number | null;

  /** @example 100000000 */
  tokens_per_month: number | null;

  @ApiProperty({ enum: ENFORCEMENTS, example: 'hard' })
  enforcement: Enforcement;

  /** @example 'https://example.com/budgets' */
  webhook_url: string | null;

  /** The windows that have a limit. */
  @ApiProperty({ type: [BudgetWindowDto] })
  windows: BudgetWindowDto[];

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;

  /** @example '2026-11-20T10:00:00.000Z' */
  updated_at: string;
}

export class BudgetListDto {
  budgets: BudgetDto[];

  /** @example 1 */
  total: number;
}

export class DeletedBudgetDto {
  @ApiProperty({ enum: BUDGET_SCOPES, example: 'agent' })
  scope: BudgetScope;

  /** @example 'proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:invoice_reader' */
  scope_id: string;

  /** @example true */
  deleted: boolean;
}

export class ModelProviderDto {
  /** @example openai */
  name: string;

  /** Whether this provider serves model ids without a provider prefix. */
  is_default: boolean;

  /**
   * `nexus/offline` for the offline provider. Otherwise the setting MODEL_ID, or empty if that is not set.
   * @example gpt-4o-mini
   */
  default_model: string;

  /**
   * closed: calls are sent. open: calls failed repeatedly and are refused, by default for 30 seconds. half_open: the next call tests
   * whether the provider has recovered.
   * @example closed
   */
  state: 'closed' | 'half_open' | 'open';
}

export class ModelPriceDto {
  /** @example gpt-4o-mini */
  id: string;

  /**
   * US dollars per million input tokens, at list price.
   * @example 0.15
   */
  input_usd: number;

  /**
   * US dollars per million output tokens, at list price.
   * @example 0.6
   */
  output_usd: number;
}

export class ModelsDto {
  /**
   * The model for agents that do not specify one.
   * @example gpt-4o-mini
   */
  default_model: string;

  /** The configured providers. */
  providers: ModelProviderDto[];

  /** Models with a known price, from the platform's table and the setting MODEL_PRICES. Other models can be used too. */
  prices: ModelPriceDto[];
}

export class TestModelDto {
  /**
   * Defaults to the platform's model. `<provider>:<id>` names a model of another configured provider.
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
   * How to resolve the error.
   * @example 'Check the key of the model provider in the settings of the platform.'
   */
  suggestion: string;
}

export class ModelTestDto {
  /** @example nexus/offline */
  model: string;

  /** @example offline */
  provider: string;

  /** Whether the model answered. */
  ok: boolean;

  /**
   * Milliseconds until the answer or the failure.
   * @example 640
   */
  latency_ms: number;

  /**
   * US dollars. Null if the model's price is unknown or the model did not answer.
   * @example 0.00001
   */
  cost_usd: number | null;

  /** Null when the model answered. */
  error: ModelTestErrorDto | null;
}
