import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsObject, IsOptional } from 'class-validator';
import { Packed } from '../../platform/http/validation.pipe.js';
import { FLOW_TRIGGER_KINDS, type FlowTriggerKind } from './trigger.js';

export class CreateTriggerDto {
  /** @example schedule */
  @IsIn(FLOW_TRIGGER_KINDS)
  kind: FlowTriggerKind;

  /**
   * Depends on the kind. schedule: `cron` or `every_seconds`, `timezone`, `overlap` (skip, queue, allow), `catch_up` (none, last,
   * all), `input`. webhook: `verification` with a `kind` (none, hmac, github, stripe, slack, token) and its `secret`, and `input`.
   * event: `type` (such as build.failed or invocation.failed) and `filter`.
   */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' },
  })
  @Packed()
  @IsObject()
  config: Record<string, unknown>;

  /** Whether the trigger is enabled. Defaults to true. */
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;
}

export class TriggerDto {
  /** @example trg_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  trigger_id: string;

  flow_id: string;

  @ApiProperty({ enum: FLOW_TRIGGER_KINDS, enumName: 'FlowTriggerKind' })
  kind: FlowTriggerKind;

  enabled: boolean;

  /** The configuration, without its secret. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  config: Record<string, unknown>;

  /**
   * The path that receives webhooks.
   * @example /api/v1/hooks/hook_2mZ
   */
  @ApiPropertyOptional()
  hook_path?: string;

  /** The webhook secret that the platform generated. Returned only when the trigger is created. */
  @ApiPropertyOptional()
  secret?: string;

  /** The schedule's next five run times. */
  next_times: string[];

  last_run_id: string | null;

  /** @example 2026-11-20T10:00:00.000Z */
  last_fired_at: string | null;

  /** Why the last run could not be started. */
  last_error: string | null;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;
}

export class TriggerListDto {
  triggers: TriggerDto[];

  /** @example 1 */
  total: number;

  last_key: string | null;
}

export class DeletedTriggerDto {
  trigger_id: string;

  /** @example true */
  deleted: boolean;
}

export class HookAnswerDto {
  /** @example ['frun_01KAG4ZQ4N5B1M6Z6K0TQX0N3R'] */
  run_ids: string[];
}
