import { IsBoolean, IsNumber, IsOptional, Max, Min } from 'class-validator';

const MONEY_LIMIT = 1e15;

/** What came of a decision. Told once. */
export class RecordOutcomeDto {
  /**
   * What was spent, in the currency of the context: 0 to 1e15.
   * @example 46000
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MONEY_LIMIT)
  actual_cost?: number;

  /**
   * What was earned: 0 to 1e15.
   * @example 130000
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MONEY_LIMIT)
  actual_revenue?: number;

  /**
   * How long it took: 0 to 36,500 days.
   * @example 75
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(36_500)
  actual_days?: number;

  /**
   * Whether it was worth it.
   * @example true
   */
  @IsBoolean()
  success: boolean;
}
