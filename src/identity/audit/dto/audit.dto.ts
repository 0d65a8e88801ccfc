import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import type { AuditOutcome } from '../audit.js';
import { PageQuery } from '../../../platform/http/page.dto.js';
import { IsTimestamp } from '../../../platform/http/api-docs.js';

export class AuditLogQuery extends PageQuery {
  /**
   * Only entries of this user, API key or IP address.
   * @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  actor?: string;

  /**
   * Only entries with this action.
   * @example auth.login
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  action?: string;

  /**
   * Entries at this time or later.
   * @example '2026-11-20T00:00:00.000Z'
   */
  @IsOptional()
  @IsTimestamp()
  since?: string;
}

export class AuditEntryDto {
  /** @example aud_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  entry_id: string;

  /** @example '2026-11-20T10:00:00.000Z' */
  at: string;

  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  actor: string;

  /** @example auth.login */
  action: string;

  /** @example success */
  outcome: AuditOutcome;

  /** @example null */
  target: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { method: 'password' } })
  details: Record<string, unknown>;
}

export class AuditListDto {
  entries: AuditEntryDto[];

  /** @example 1 */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}
