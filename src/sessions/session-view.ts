import type { MessageDto, SessionDto } from './dto/session.dto.js';
import type { Message, Session } from './session.js';

/** The session without internal fields. */
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
  { message_id, session_id, role, content, calls, call_id, metadata, created_at }: Message,
  user_message_id?: string,
): MessageDto {
  return {
    message_id,
    session_id,
    role,
    content,
    ...(calls ? { calls } : {}),
    ...(call_id === undefined ? {} : { call_id }),
    metadata,
    created_at,
    ...(user_message_id ? { user_message_id } : {}),
  };
}
