/** One message of a session; `sequence` counts from 1 without gaps. */
export interface Message {
  session_id: string;
  sequence: number;
  message_id: string;
  org_id: string;
  role: 'user' | 'assistant' | 'system';
  content: string;
  metadata: Record<string, unknown>;
  created_at: string;
}
