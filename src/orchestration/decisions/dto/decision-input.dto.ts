import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsNumber, IsObject, IsOptional, Max, Min } from 'class-validator';

const MONEY_LIMIT = 1e15;

export class CreateDecisionDto {
  /**
   * What to decide: a non-empty object of at most 64 KB. Known keys (all optional): name, business_goal, timeframe,
   * description; revenue_impact, customer_impact, operational_impact; estimated_cost, expected_revenue, budget (0, or 0.01 to
   * 1e15); estimated_days (1 to 3,650; 30 is assumed), team_members (3); complexity_score (5), technical_complexity (3),
   * market_uncertainty (2), resource_availability (8, higher is better), timeline_pressure (4), each 0 to 10;
   * affects_<field> (boolean), partnerships (ids); alternatives (at most 20 contexts of their own). Other keys are stored and shown to the model.
   * @example {"business_goal": "Sell in Portugal", "customer_impact": 20000, "estimated_cost": 40000, "expected_revenue": 150000, "estimated_days": 60, "affects_brand": true}
   */
  // Keeps the raw value: class-transformer drops keys that reach a prototype, which validation must report.
  @Transform(({ obj }: { obj: CreateDecisionDto }) => obj.context)
  @IsObject()
  context: Record<string, unknown>;

  /**
   * Seeds the simulation. The same context and seed produce the same figures. Defaults to 0.
   * @example 7
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(4_294_967_295)
  seed?: number;
}

/** The outcome of a decision. It can be recorded once. */
export class RecordOutcomeDto {
  /**
   * Actual cost, in the currency of the context.
   * @example 46000
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MONEY_LIMIT)
  actual_cost?: number;

  /**
   * Actual revenue.
   * @example 130000
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MONEY_LIMIT)
  actual_revenue?: number;

  /**
   * Actual duration in days.
   * @example 75
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(36_500)
  actual_days?: number;

  /**
   * Whether the decision succeeded.
   * @example true
   */
  @IsBoolean()
  success: boolean;
}
