import type { MessageDto } from './dto/message.dto.js';
import type { SessionDto } from './dto/session.dto.js';
import type { Message } from './session.js';
import type { Session } from './session.js';

/** The session without the bookkeeping of its item. */
export function sessionView(session: Session): SessionDto {
  const {
    session_id,
    agent_id,
    user_id,
    status,
    display_name,
    conversation_mode,
    metadata,
    message_count,
    created_at,
    last_active_at,
  } = session;
  return {
    session_id,
    agent_id,
    user_id,
    status,
    display_name,
    conversation_mode,
    metadata,
    message_count,
    created_at,
    last_active_at,
  };
}

export function messageView(
  { message_id, session_id, role, content, metadata, created_at }: Message,
  user_message_id?: string,
): MessageDto {
  return {
    message_id,
    session_id,
    role,
    content,
    metadata,
    created_at,
    ...(user_message_id ? { user_message_id } : {}),
  };
}
