import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
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
import { IsTimestamp } from '../../../platform/http/timestamp.decorator.js';

const SLUG = /^[a-z][a-z0-9_-]{0,62}$/;
const SLUG_RULE = { message: '$property must be 1-63 lower-case letters, digits, _ or -, beginning with a letter' };
const isGiven = (_: unknown, value: unknown): boolean => value !== undefined;

/** How the partner is measured; at least one of agent_ids and health_url, or it stays unmeasured. */
export class ProbeInputDto {
  /**
   * Agents of this platform that the partner stands behind: their runs count as its own. At most 20.
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
   * Polled every interval; any 2xx is up. null ends it.
   * @example https://status.example.com/health
   */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  health_url?: string | null;

  /**
   * Seconds from one poll to the next; 30 unless told otherwise.
   * @example 30
   */
  @ValidateIf(isGiven)
  @IsInt()
  @Min(1)
  @Max(3600)
  interval_seconds?: number;

  /**
   * How long an answer may take, in milliseconds; 5000 unless told otherwise.
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
   * More than 0.
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
   * Which side of the target is better.
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
   * Per cent.
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
   * Unique in the organisation.
   * @example gemini_visual
   */
  @Matches(SLUG, SLUG_RULE)
  id: string;

  /** @example 'Visual Intelligence' */
  @IsString()
  @Length(1, 100)
  name: string;

  /**
   * Partnerships of one type are measured together in GET /metrics.
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
   * A partnership that is not enabled is neither measured nor part of the system's status.
   * @example true
   */
  @ValidateIf(isGiven)
  @IsBoolean()
  enabled?: boolean;

  /** @example high */
  @ValidateIf(isGiven)
  @IsIn(PRIORITIES)
  priority?: Priority;

  @ValidateIf(isGiven)
  @ValidateNested()
  @Type(() => ProbeInputDto)
  probe?: ProbeInputDto;

  /** Targets of pushed business metrics; at most 30, with different names. */
  @ValidateIf(isGiven)
  @IsArray()
  @ArrayMaxSize(30)
  @ArrayUnique((metric: SuccessMetricDto) => metric.name, { message: 'success_metrics must have different names' })
  @ValidateNested({ each: true })
  @Type(() => SuccessMetricDto)
  success_metrics?: SuccessMetricDto[];

  /** At most 100, with different names. */
  @ValidateIf(isGiven)
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique((one: DeliverableInputDto) => one.name, { message: 'deliverables must have different names' })
  @ValidateNested({ each: true })
  @Type(() => DeliverableInputDto)
  deliverables?: DeliverableInputDto[];
}
