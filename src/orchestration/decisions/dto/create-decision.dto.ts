import { Transform } from 'class-transformer';
import { IsInt, IsObject, IsOptional, Max, Min } from 'class-validator';

export class CreateDecisionDto {
  /**
   * What is to be decided: at most 64 KB of JSON, not empty. Known keys (all optional): name, business_goal, timeframe,
   * description; revenue_impact, customer_impact, operational_impact; estimated_cost, expected_revenue, budget (0, or 0.01 to
   * 1e15); estimated_days (1 to 3,650; 30 is assumed), team_members (3); complexity_score (5), technical_complexity (3),
   * market_uncertainty (2), resource_availability (8, higher is better), timeline_pressure (4), each 0 to 10;
   * affects_<field> (boolean), partnerships (ids); alternatives (at most 20 contexts of their own). Other keys are kept.
   * @example {"business_goal": "Sell in Portugal", "customer_impact": 20000, "estimated_cost": 40000, "expected_revenue": 150000, "estimated_days": 60, "affects_brand": true}
   */
  // The value as it came: what turns bodies into classes would drop keys that reach for a prototype instead of telling.
  @Transform(({ obj }: { obj: CreateDecisionDto }) => obj.context)
  @IsObject()
  context: Record<string, unknown>;

  /**
   * The simulation draws from this and the context: the same two answer the same figures. 0 when absent.
   * @example 7
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(4_294_967_295)
  seed?: number;
}
