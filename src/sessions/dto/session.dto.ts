import { ApiSchema } from '@nestjs/swagger';
import { IsIn, IsObject, IsOptional, IsString, Length } from 'class-validator';
import { CONVERSATION_MODES, type ConversationMode } from '../session.js';

export class CreateSessionDto {
  /**
   * Whose conversation it is; the caller's when absent.
   * @example ada
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_id?: string;

  /**
   * At most 120 characters; "Session <date> <time>" when absent.
   * @example 'Order 4711'
   */
  @IsOptional()
  @IsString()
  @Length(1, 120)
  display_name?: string;

  /** @example normal */
  @IsOptional()
  @IsIn(CONVERSATION_MODES)
  conversation_mode?: ConversationMode;

  /**
   * At most 16 KB of JSON.
   * @example {"order": 4711}
   */
  @IsOptional()
  @IsObject()
  metadata?: Record<string, unknown>;
}

/** A conversation with an agent. */
export class SessionDto {
  /** @example sess_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  session_id: string;

  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support */
  agent_id: string;

  /** @example ada */
  user_id: string;

  /**
   * active or closed.
   * @example active
   */
  status: 'active' | 'closed';

  /** @example 'Order 4711' */
  display_name: string;

  /** @example normal */
  conversation_mode: ConversationMode;

  metadata: Record<string, unknown>;

  /** @example 4 */
  message_count: number;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;

  /** @example 2026-11-20T10:00:03.000Z */
  last_active_at: string;
}

export class SessionListDto {
  sessions: SessionDto[];

  /**
   * Records on this page.
   * @example 1
   */
  total: number;

  /** Cursor of the next page; null at the end. */
  last_key: string | null;
}

export class DeletedMessagesDto {
  /** @example 1 */
  sessions: number;

  /** @example 4 */
  messages: number;
}

export class DeletedSessionDto {
  deleted: DeletedMessagesDto;
}

@ApiSchema({ name: 'LegacyFileDto' })
export class UploadedFileDto {
  /** @example file_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  file_id: string;

  filename: string;

  content_type: string;

  /** Bytes. */
  size: number;
}

@ApiSchema({ name: 'LegacyUploadDto' })
export class UploadedFilesDto {
  files: UploadedFileDto[];

  count: number;

  session_id: string;
}
