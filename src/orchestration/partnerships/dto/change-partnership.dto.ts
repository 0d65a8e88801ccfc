import { OmitType, PartialType } from '@nestjs/swagger';
import { IsInt, IsNumber, IsString, Length, Matches, Max, Min, ValidateIf } from 'class-validator';
import { CreatePartnershipDto } from './partnership-input.dto.js';
import { IsTimestamp } from '../../../platform/http/timestamp.decorator.js';

/** What is given is set, the rest stays. Lists are replaced whole; within the probe only what is given changes. */
export class ChangePartnershipDto extends PartialType(OmitType(CreatePartnershipDto, ['id'] as const), {
  skipNullProperties: false,
}) {
  /**
   * The revision that the change was made on: 409 when someone else changed the partnership since.
   * @example 3
   */
  @ValidateIf((_, value) => value !== undefined)
  @IsInt()
  @Min(1)
  revision?: number;
}

export class DeliverableStateDto {
  /**
   * Per cent.
   * @example 60
   */
  @IsNumber()
  @Min(0)
  @Max(100)
  completion_percentage: number;

  /** @example in_progress */
  @IsString()
  @Length(1, 50)
  status: string;
}

export class MeasurementDto {
  /**
   * A metric that no probe can see; a target for it stands in the partnership's success_metrics.
   * @example social_engagement
   */
  @Matches(/^[a-z][a-z0-9_-]{0,62}$/, {
    message: 'metric must be 1-63 lower-case letters, digits, _ or -, beginning with a letter',
  })
  metric: string;

  /** @example 285 */
  @IsNumber()
  @Min(-1e15)
  @Max(1e15)
  value: number;

  /**
   * When it was measured; now unless told otherwise.
   * @example 2026-11-20T10:00:00.000Z
   */
  @ValidateIf((_, value) => value !== undefined)
  @IsTimestamp()
  measured_at?: string;
}
