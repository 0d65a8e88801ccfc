import type { ConversationMessage } from '../runtimes/caller-request.js';

export const CONVERSATION_MODES = ['normal', 'debug', 'eval'] as const;
export type ConversationMode = (typeof CONVERSATION_MODES)[number];

export const SESSION_STATUSES = ['active', 'closed'] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/**
 * A conversation with an agent. `run_id` names the holder of the turn. The turn ends with its last message, or at
 * `run_expires_at` unless it is renewed.
 */
export interface Session {
  session_id: string;
  /** Empty until the first agent speaks in a session that was opened without one. */
  agent_id: string;
  org_id: string;
  user_id: string;
  status: SessionStatus;
  display_name: string;
  conversation_mode: ConversationMode;
  metadata: Record<string, unknown>;
  message_count: number;
  /** How often messages were deleted; absent before the first time. */
  messages_deleted?: number;
  document_count: number;
  created_at: string;
  last_active_at: string;
  run_id?: string;
  run_expires_at?: string;
}

export interface NewSession {
  org_id: string;
  user_id: string;
  agent_id: string;
  display_name?: string | undefined;
  conversation_mode?: ConversationMode | undefined;
  metadata?: Record<string, unknown> | undefined;
}

/** "Session 2026-11-20 10:00", in UTC. */
export function defaultDisplayName(at: string): string {
  return `Session ${at.slice(0, 10)} ${at.slice(11, 16)}`;
}

export function newSession(input: NewSession, session_id: string, at: string): Session {
  return {
    session_id,
    agent_id: input.agent_id,
    org_id: input.org_id,
    user_id: input.user_id,
    status: 'active',
    display_name: input.display_name ?? defaultDisplayName(at),
    conversation_mode: input.conversation_mode ?? 'normal',
    metadata: input.metadata ?? {},
    message_count: 0,
    document_count: 0,
    created_at: at,
    last_active_at: at,
  };
}

/** One message of a session. `sequence` counts from 1; a deleted message leaves a gap. */
export interface Message extends ConversationMessage {
  session_id: string;
  sequence: number;
  message_id: string;
  org_id: string;
  metadata: Record<string, unknown>;
  created_at: string;
}

/** The content of a message that is not stored yet. */
export interface NewMessage extends ConversationMessage {
  metadata?: Record<string, unknown> | undefined;
}

/** The message that follows the session's last one. */
export function nextMessage(session: Session, message: NewMessage, message_id: string, created_at: string): Message {
  const { session_id, org_id, message_count } = session;
  const { metadata = {}, ...said } = message;
  return { session_id, sequence: message_count + 1, message_id, org_id, ...said, metadata, created_at };
}

/** A message as an agent reads it. */
export function spoken({ role, content, parts, calls, call_id }: ConversationMessage): ConversationMessage {
  return {
    role,
    content,
    ...(parts ? { parts } : {}),
    ...(calls ? { calls } : {}),
    ...(call_id === undefined ? {} : { call_id }),
  };
}
