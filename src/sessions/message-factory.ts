import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import type { Message } from './message.js';
import type { Session } from './session.js';

@Injectable()
export class MessageFactory {
  constructor(
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** The message that follows the session's last one. */
  next(session: Session, role: Message['role'], content: string, metadata: Record<string, unknown> = {}): Message {
    const { session_id, org_id, message_count } = session;
    return {
      session_id,
      sequence: message_count + 1,
      message_id: this.ids.next('msg'),
      org_id,
      role,
      content,
      metadata,
      created_at: this.clock.timestamp(),
    };
  }
}
