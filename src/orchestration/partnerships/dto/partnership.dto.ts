import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Health, SystemStatus, Direction, Priority } from '../partnership.js';
import { type Window, WINDOWS } from '../../../statistics/window.js';

export class DeliverableDto {
  /** @example mobile_platform */
  name: string;

  /**
   * Percent.
   * @example 40
   */
  progress: number;

  /** @example in_progress */
  status: string;

  /** @example 2027-03-31 */
  due_date?: string;

  /** @example 2026-11-20T10:00:00.000Z */
  last_updated: string;
}

/** The progress of a partnership's deliverables. */
export class PartnershipStatusDto {
  /** @example cursor_technical */
  id: string;

  /** @example 'Technical Excellence' */
  name: string;

  /** @example technical_excellence */
  partnership_type: string;

  /** @example Cursor */
  ai_partner: string;

  /** @example true */
  enabled: boolean;

  /** @example high */
  priority: Priority;

  /**
   * Derived from the progress: excellent from 85, good from 70, fair from 50, otherwise poor. Unknown without deliverables.
   * @example good
   */
  health: Health;

  /**
   * Mean progress of the deliverables in percent. Null without deliverables.
   * @example 71.3
   */
  progress: number | null;

  deliverables: DeliverableDto[];
}

export class PartnershipProbeDto {
  /** @example ['proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:assistant'] */
  agent_ids: string[];

  /** @example https://status.example.com/health */
  health_url: string | null;

  /** @example 30 */
  interval_seconds: number;

  /** @example 5000 */
  timeout_ms: number;
}

export class TargetDto {
  /** @example social_engagement */
  name: string;

  /** @example 300 */
  target: number;

  /** @example '%' */
  unit: string;

  /** @example higher */
  direction: Direction;
}

export class LastProbeDto {
  /**
   * Whether health_url returned a 2xx response. Null if no request was made.
   * @example true
   */
  up: boolean | null;

  /** @example 'returned 200' */
  reason: string;

  /** @example 2026-11-20T10:00:00.000Z */
  at: string;
}

/** The full record. */
export class PartnershipDto {
  /** @example cursor_technical */
  id: string;

  /** @example 'Technical Excellence' */
  name: string;

  /** @example technical_excellence */
  partnership_type: string;

  /** @example Cursor */
  ai_partner: string;

  /** @example 'Sets the architecture, reviews what is built' */
  our_role: string;

  /** @example 'Writes and improves code' */
  partner_role: string;

  /** @example true */
  enabled: boolean;

  /** @example high */
  priority: Priority;

  probe: PartnershipProbeDto;
  success_metrics: TargetDto[];
  deliverables: DeliverableDto[];

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;

  /** @example 2026-11-20T10:00:00.000Z */
  updated_at: string;

  /** @example 1 */
  revision: number;

  /** The last poll of health_url. Null before the first. Only in GET /partnerships/{id}. */
  @ApiProperty({ type: () => LastProbeDto, nullable: true })
  last_probe?: LastProbeDto | null;
}

export class DeletedPartnershipDto {
  /** @example gemini_visual */
  id: string;

  /** @example true */
  deleted: boolean;
}

export class StoredMeasurementDto {
  /** @example social_engagement */
  metric: string;

  /** @example 285 */
  value: number;

  /** @example 2026-11-20T10:00:00.000Z */
  measured_at: string;
}

/** The health of all partnerships. */
export class OrchestrationHealthDto {
  /**
   * healthy from a mean score of 85, degraded from 70, otherwise critical. At best degraded while a polled partner does not
   * respond; unknown if no partnership is measured.
   * @example healthy
   */
  status: SystemStatus;

  /**
   * Mean score of the measured partnerships.
   * @example 97.2
   */
  score: number | null;

  /** @example 24h */
  window: Window;

  /** For each partnership, by id: health, score and every known metric. `reason` says why health is unknown. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: true },
    example: {
      cursor_technical: {
        health: 'excellent',
        score: 97.2,
        uptime: 100,
        success_rate: 100,
        response_time_p50: 61,
        response_time_p95: 85,
        requests: 240,
      },
      grok_brand: { health: 'unknown', score: null, reason: 'no probe is set: link agents or a health_url' },
    },
  })
  partnerships: Record<string, Record<string, unknown>>;

  /** @example 2026-11-20T10:00:00.000Z */
  last_updated: string;
}

/** The metrics of the partnerships of one type. */
export class PartnershipMetricsDto {
  /** @example technical_excellence */
  partnership_type: string;

  /**
   * The partnerships of this type.
   * @example ['cursor_technical']
   */
  partnerships: string[];

  /** @example 24h */
  window: Window;

  /** Percentages from 0 to 100, response times in milliseconds, pushed metrics in their units. Null if unknown. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number', nullable: true },
    example: {
      uptime: 100,
      success_rate: 100,
      response_time_p50: 61,
      response_time_p95: 85,
      requests: 240,
      development_velocity: null,
      social_engagement: 285,
    },
  })
  metrics: Record<string, number | null>;

  /** Why a metric is null. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { development_velocity: 'no measurement was pushed' },
  })
  reasons: Record<string, string>;

  /** Trends of pushed metrics: improving, declining or stable. Null if there is only one value. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', nullable: true },
    example: { social_engagement: 'improving' },
  })
  trends: Record<string, string | null>;

  /** @example 2026-11-20T10:00:00.000Z */
  timestamp: string;
}

export class WindowQuery {
  /**
   * Measurement period, ending now. Defaults to 24h.
   * @example 24h
   */
  @IsOptional()
  @IsIn(WINDOWS)
  window?: Window;
}

/** What was measured in one hour, or in five minutes. */
export class PastHealthDto {
  /**
   * Start of the period.
   * @example 2026-11-20T10:00:00.000Z
   */
  at: string;

  /**
   * 0 to 100. Null if there is no metric to score.
   * @example 91.4
   */
  score: number | null;

  /**
   * Percent.
   * @example 100
   */
  uptime: number | null;

  /**
   * Percent.
   * @example 98.2
   */
  success_rate: number | null;

  /**
   * Milliseconds.
   * @example 240
   */
  response_time_p95: number | null;

  /** @example 12 */
  requests: number;
}

export class PartnershipHistoryDto {
  /** @example cursor_technical */
  id: string;

  /** @example 24h */
  window: Window;

  /** Oldest first. Periods without calls are omitted. */
  points: PastHealthDto[];
}
