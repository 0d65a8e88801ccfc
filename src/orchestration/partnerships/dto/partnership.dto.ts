import type { Health } from '../health-rules.js';
import type { Direction, Priority } from '../partnership.js';
import { ApiProperty } from '@nestjs/swagger';

export class DeliverableDto {
  /** @example mobile_platform */
  name: string;

  /**
   * Per cent.
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

/** How far a partnership is with what it promised. */
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
   * Of the progress: excellent from 85, good from 70, fair from 50, else poor; unknown without deliverables.
   * @example good
   */
  health: Health;

  /**
   * Mean of the deliverables, per cent; null without any.
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
   * null when nothing could be asked.
   * @example true
   */
  up: boolean | null;

  /** @example 'answered 200' */
  reason: string;

  /** @example 2026-11-20T10:00:00.000Z */
  at: string;
}

/** The whole record. */
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

  /** Of the health_url; null before the first. Only where the record is read. */
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
