import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsObject, IsOptional, IsString, Length, Max, MaxLength, Min } from 'class-validator';
import { IsTimestamp } from '../../platform/http/api-docs.js';
import { PageQuery } from '../../platform/http/page.dto.js';
import { CONVERSATION_MODES, type ConversationMode, SESSION_STATUSES, type SessionStatus } from '../session.js';

export class CreateSessionDto {
  /**
   * The user that the conversation belongs to. Defaults to the caller.
   * @example ada
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_id?: string;

  /**
   * At most 120 characters. Defaults to "Session <date> <time>".
   * @example 'Order 4711'
   */
  @IsOptional()
  @IsString()
  @Length(1, 120)
  display_name?: string;

  /**
   * Stored with the session. It does not change how the agent runs.
   * @example normal
   */
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

  /**
   * Empty until an agent answers in a conversation that was opened without one.
   * @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support
   */
  agent_id: string;

  /** @example ada */
  user_id: string;

  /**
   * active or closed.
   * @example active
   */
  status: SessionStatus;

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

export class ListSessionsQuery extends PageQuery {
  /** Only sessions in this state. */
  @IsOptional()
  @IsIn(SESSION_STATUSES)
  status?: SessionStatus;

  /** Only sessions of this user. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_id?: string;

  /** Only sessions last active at this time or later. */
  @IsOptional()
  @IsTimestamp()
  from?: string;

  /** Only sessions last active at this time or earlier. */
  @IsOptional()
  @IsTimestamp()
  to?: string;
}

export class ListAllSessionsQuery extends ListSessionsQuery {
  /** Only sessions of this agent. */
  @IsOptional()
  @IsString()
  @Length(1, 300)
  agent_id?: string;
}

export class SessionListDto {
  sessions: SessionDto[];

  /**
   * Number of records on this page.
   * @example 1
   */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

/** A document that was uploaded to a session. */
export class SessionDocumentDto {
  /** @example file_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  file_id: string;

  /** @example returns.md */
  filename: string;

  /**
   * Number of characters in its text. Null for documents uploaded before this was recorded.
   * @example 4120
   */
  characters: number | null;

  /** @example 2026-11-20T10:00:00.000Z */
  uploaded_at: string;
}

export class SessionDocumentListDto {
  documents: SessionDocumentDto[];

  /**
   * Number of records on this page.
   * @example 1
   */
  total: number;

  /** Cursor of the next page. Null on the last page. */
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

export class SendMessageDto {
  /**
   * 1 to 100,000 characters.
   * @example 'What is 15% of 80?'
   */
  @IsString()
  @Length(1, 100_000)
  content: string;

  /**
   * The agent answers a `user` message; a `system` message is only stored.
   * @example user
   */
  @IsOptional()
  @IsIn(['user', 'system'])
  role?: 'user' | 'system';

  /** At most 16 KB of JSON. */
  @IsOptional()
  @IsObject()
  metadata?: Record<string, unknown>;

  /**
   * Returns 202 immediately. The run continues if the client disconnects. With `Accept: text/event-stream`, streams the answer instead.
   * @example false
   */
  @IsOptional()
  @IsBoolean()
  background?: boolean;
}

export class SendMessageQuery {
  /**
   * What to do while another message of the session is being answered: `wait` waits up to 30 seconds for its turn, then fails with 409;
   * `reject` fails with 409 immediately. Defaults to wait.
   * @example wait
   */
  @IsOptional()
  @IsIn(['wait', 'reject'])
  on_busy?: 'wait' | 'reject';
}

export class ListMessagesQuery {
  /**
   * Maximum number of messages.
   * @example 100
   */
  @ApiPropertyOptional({ type: 'integer', default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 100;

  /** The cursor from the previous page. */
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  last_key?: string;

  /**
   * Oldest (`asc`) or newest (`desc`) first.
   * @example asc
   */
  @ApiPropertyOptional({ default: 'asc' })
  @IsOptional()
  @IsIn(['asc', 'desc'])
  order: 'asc' | 'desc' = 'asc';
}

/** A call of a tool that the caller runs itself. */
export class SessionCallDto {
  @ApiProperty({ example: 'call_1' })
  call_id: string;

  @ApiProperty({ example: 'get_weather' })
  tool: string;

  /** The arguments, as JSON text. */
  @ApiProperty({ example: '{"city": "Berlin"}' })
  arguments: string;
}

/** One message. */
export class MessageDto {
  /** @example msg_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  message_id: string;

  /** @example sess_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  session_id: string;

  /**
   * user, assistant, system, or tool (the result of a tool that the caller runs itself).
   * @example assistant
   */
  role: 'user' | 'assistant' | 'system' | 'tool';

  /** @example '15% of 80 = 12' */
  content: string;

  /** For an assistant message: calls to tools that the caller runs itself, whose results the agent waits for. */
  calls?: SessionCallDto[];

  /**
   * For a tool message: the call whose result it is.
   * @example call_1
   */
  call_id?: string;

  /** For an answer: invocation_id, duration_ms, model and usage. Otherwise the metadata that was sent with the message. */
  metadata: Record<string, unknown>;

  /** @example 2026-11-20T10:00:03.000Z */
  created_at: string;

  /** For an answer: the id of the message that it answers. */
  user_message_id?: string;
}

export class MessageListDto {
  messages: MessageDto[];

  /**
   * Number of records on this page.
   * @example 2
   */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

@ApiSchema({ name: 'LegacyFileDto' })
export class UploadedFileDto {
  /** @example file_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  file_id: string;

  filename: string;

  content_type: string;

  /** Size in bytes. */
  size: number;
}

@ApiSchema({ name: 'LegacyUploadDto' })
export class UploadedFilesDto {
  files: UploadedFileDto[];

  count: number;

  session_id: string;
}
