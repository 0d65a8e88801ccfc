import { OmitType, PartialType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { type Direction, PRIORITIES, type Priority } from '../partnership.js';
import { IsTimestamp } from '../../../platform/http/api-docs.js';

const SLUG = /^[a-z][a-z0-9_-]{0,62}$/;
const SLUG_RULE = { message: '$property must be 1-63 lowercase letters, digits, _ or -, starting with a letter' };
const isGiven = (_: unknown, value: unknown): boolean => value !== undefined;

/** How the partner is measured. Without agent_ids and health_url it is not measured. */
export class ProbeInputDto {
  /**
   * Agents on this platform whose runs count as the partner's. At most 20.
   * @example ['proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:assistant']
   */
  @ValidateIf(isGiven)
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 300, { each: true })
  agent_ids?: string[];

  /**
   * URL polled at each interval. Any 2xx response means up. Null stops polling.
   * @example https://status.example.com/health
   */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  health_url?: string | null;

  /**
   * Seconds between polls. Defaults to 30.
   * @example 30
   */
  @ValidateIf(isGiven)
  @IsInt()
  @Min(1)
  @Max(3600)
  interval_seconds?: number;

  /**
   * Timeout of a poll in milliseconds. Defaults to 5000.
   * @example 5000
   */
  @ValidateIf(isGiven)
  @IsInt()
  @Min(1)
  @Max(60_000)
  timeout_ms?: number;
}

export class SuccessMetricDto {
  /** @example social_engagement */
  @Matches(SLUG, SLUG_RULE)
  name: string;

  /**
   * Greater than 0.
   * @example 300
   */
  @IsNumber()
  @Min(1e-9)
  @Max(1e15)
  target: number;

  /** @example '%' */
  @IsString()
  @MaxLength(30)
  unit: string;

  /**
   * Whether higher or lower values are better.
   * @example higher
   */
  @IsIn(['higher', 'lower'])
  direction: Direction;
}

export class DeliverableInputDto {
  /** @example mobile_platform */
  @IsString()
  @Length(1, 100)
  name: string;

  /**
   * Percent.
   * @example 40
   */
  @IsNumber()
  @Min(0)
  @Max(100)
  progress: number;

  /** @example in_progress */
  @IsString()
  @Length(1, 50)
  status: string;

  /** @example 2027-03-31 */
  @ValidateIf(isGiven)
  @IsTimestamp()
  due_date?: string;
}

export class CreatePartnershipDto {
  /**
   * Unique in the organization.
   * @example gemini_visual
   */
  @Matches(SLUG, SLUG_RULE)
  id: string;

  /** @example 'Visual Intelligence' */
  @IsString()
  @Length(1, 100)
  name: string;

  /**
   * `GET /orchestration/metrics` combines the metrics of partnerships of the same type.
   * @example visual_intelligence
   */
  @Matches(SLUG, SLUG_RULE)
  partnership_type: string;

  /** @example Gemini */
  @IsString()
  @Length(1, 100)
  ai_partner: string;

  /** @example 'Chooses what is shown' */
  @ValidateIf(isGiven)
  @IsString()
  @MaxLength(500)
  our_role?: string;

  /** @example 'Finds products by their picture' */
  @ValidateIf(isGiven)
  @IsString()
  @MaxLength(500)
  partner_role?: string;

  /**
   * Whether the partnership is measured and counts towards the system's status. Defaults to true.
   * @example true
   */
  @ValidateIf(isGiven)
  @IsBoolean()
  enabled?: boolean;

  /**
   * Defaults to medium.
   * @example high
   */
  @ValidateIf(isGiven)
  @IsIn(PRIORITIES)
  priority?: Priority;

  @ValidateIf(isGiven)
  @IsObject()
  @ValidateNested()
  @Type(() => ProbeInputDto)
  probe?: ProbeInputDto;

  /** Targets of pushed business metrics; at most 30, with unique names. */
  @ValidateIf(isGiven)
  @IsArray()
  @ArrayMaxSize(30)
  @ArrayUnique((metric: SuccessMetricDto) => metric.name, { message: 'success_metrics must have different names' })
  @ValidateNested({ each: true })
  @Type(() => SuccessMetricDto)
  success_metrics?: SuccessMetricDto[];

  /** At most 100, with unique names. */
  @ValidateIf(isGiven)
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique((one: DeliverableInputDto) => one.name, { message: 'deliverables must have different names' })
  @ValidateNested({ each: true })
  @Type(() => DeliverableInputDto)
  deliverables?: DeliverableInputDto[];
}

/** Sets the given fields and keeps the others, also within the probe. Lists are replaced. */
export class ChangePartnershipDto extends PartialType(OmitType(CreatePartnershipDto, ['id'] as const), {
  skipNullProperties: false,
}) {
  /**
   * The revision that you read. Returns 409 if the partnership has changed since.
   * @example 3
   */
  @ValidateIf((_, value) => value !== undefined)
  @IsInt()
  @Min(1)
  revision?: number;
}

export class DeliverableStateDto {
  /**
   * Percent.
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
   * The name of the metric. Names of measured metrics, such as uptime, are reserved. Its target, if any, is in the partnership's
   * success_metrics. At most 50 metrics per partnership.
   * @example social_engagement
   */
  @Matches(/^[a-z][a-z0-9_-]{0,62}$/, {
    message: 'metric must be 1-63 lowercase letters, digits, _ or -, starting with a letter',
  })
  metric: string;

  /** @example 285 */
  @IsNumber()
  @Min(-1e15)
  @Max(1e15)
  value: number;

  /**
   * When the value was measured. Defaults to now.
   * @example 2026-11-20T10:00:00.000Z
   */
  @ValidateIf((_, value) => value !== undefined)
  @IsTimestamp()
  measured_at?: string;
}
