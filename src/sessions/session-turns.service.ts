import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { type Message, type NewMessage, nextMessage, type Session } from './session.js';
import { SessionBusyError, SessionClosedError, SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

/** How long a message waits for its turn unless the caller says otherwise. */
export const TURN_WAIT_MS = 30_000;
/** A turn that is not renewed for this long is lost. */
const TURN_MS = 30_000;
const HEARTBEAT_MS = 10_000;
const FIRST_POLL_MS = 25;
const LONGEST_POLL_MS = 500;

/** The right to add messages to a session. `end` must be called in every case. */
export interface HeldTurn {
  /** The session with the messages that were added in this turn. */
  readonly session: Session;
  /**
   * Adds the session's next message.
   * @param options.endsTurn gives the turn back in the same transaction
   * @throws TurnLostError
   */
  append(message: NewMessage, options?: { endsTurn: boolean }): Promise<Message>;
  /** The same for several messages, at most 90, in one transaction. @throws TurnLostError */
  appendAll(messages: NewMessage[], options?: { endsTurn: boolean }): Promise<Message[]>;
  /** Gives the turn back, unless the last message did. */
  end(): Promise<void>;
}

/** Admits the callers of this process one after the other for each session, in the order of their arrival. */
class TurnQueue {
  private readonly lines = new Map<string, (() => void)[]>();

  isBusy(session_id: string): boolean {
    return this.lines.has(session_id);
  }

  /** @returns what to call when done, or undefined after `wait_ms`. */
  async enter(session_id: string, wait_ms: number): Promise<(() => void) | undefined> {
    const line = this.lines.get(session_id);
    if (!line) {
      this.lines.set(session_id, []);
      return this.leaver(session_id);
    }
    const isMyTurn = await new Promise<boolean>((resolve) => {
      const called = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        line.splice(line.indexOf(called), 1);
        resolve(false);
      }, wait_ms);
      line.push(called);
    });
    return isMyTurn ? this.leaver(session_id) : undefined;
  }

  private leaver(session_id: string): () => void {
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      const next = this.lines.get(session_id)?.shift();
      if (next) next();
      else this.lines.delete(session_id);
    };
  }
}

/** One writer at a time per session: a queue within this process, and a lease in the session's item between processes. */
@Injectable()
export class SessionTurns {
  private readonly logger = new Logger(SessionTurns.name);
  private readonly queue = new TurnQueue();

  constructor(
    private readonly repository: SessionsRepository,
    private readonly sessions: SessionsService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Waits for the turn, at most `wait_ms` (0: not at all).
   * @throws SessionNotFoundError, SessionClosedError, SessionBusyError
   */
  async take(org_id: string, session_id: string, wait_ms: number): Promise<HeldTurn> {
    const deadline = performance.now() + wait_ms;
    if (wait_ms === 0 && this.queue.isBusy(session_id)) throw new SessionBusyError(session_id, 0);
    const leave = await this.queue.enter(session_id, wait_ms);
    if (!leave) throw new SessionBusyError(session_id, wait_ms);
    try {
      return await this.lease(org_id, session_id, { deadline, wait_ms }, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Stores a message that the agent reads in its next turn. @throws SessionNotFoundError, SessionClosedError, SessionBusyError */
  async note(request: {
    org_id: string;
    session_id: string;
    content: string;
    metadata?: Record<string, unknown> | undefined;
    /** How long to wait for other messages of the session to be answered, in milliseconds. */
    wait_ms: number;
  }): Promise<Message> {
    const { content, metadata } = request;
    const turn = await this.take(request.org_id, request.session_id, request.wait_ms);
    try {
      return await turn.append({ role: 'system', content, metadata }, { endsTurn: true });
    } finally {
      await turn.end();
    }
  }

  private async lease(
    org_id: string,
    session_id: string,
    limit: { deadline: number; wait_ms: number },
    leave: () => void,
  ): Promise<HeldTurn> {
    const run_id = this.ids.next('lease');
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 2, LONGEST_POLL_MS)) {
      const session = await this.repository.takeTurn(org_id, session_id, this.turn(run_id), this.clock.timestamp());
      if (session) return this.held(session, run_id, leave);
      const wasJustOpened = await this.assertOpen(org_id, session_id);
      if (wasJustOpened) continue;
      if (performance.now() + pause > limit.deadline) throw new SessionBusyError(session_id, limit.wait_ms);
      await delay(pause);
    }
  }

  private held(taken: Session, run_id: string, leave: () => void): HeldTurn {
    const { session_id } = taken;
    let session = taken;
    let isGivenBack = false;
    const heartbeat = setInterval(() => {
      this.repository.renewTurn(session_id, this.turn(run_id)).catch((error: unknown) => {
        this.logger.warn({ msg: 'a session turn could not be renewed', session_id, err: error });
      });
    }, HEARTBEAT_MS);
    const appendAll: HeldTurn['appendAll'] = async (contents, { endsTurn } = { endsTurn: false }) => {
      const at = this.clock.timestamp();
      const messages = contents.map((content, index) => ({
        ...nextMessage(session, content, this.ids.next('msg'), at),
        sequence: session.message_count + index + 1,
      }));
      session = await this.repository.append(session, messages, { run_id, endsTurn });
      isGivenBack = endsTurn;
      return messages;
    };
    const append: HeldTurn['append'] = async (content, options) => {
      const [message] = await appendAll([content], options);
      return message as Message;
    };
    const end = async (): Promise<void> => {
      clearInterval(heartbeat);
      try {
        if (!isGivenBack) await this.repository.endTurn(session_id, run_id);
      } catch (error) {
        this.logger.warn({
          msg: 'a session turn could not be released; it will expire',
          session_id,
          err: error,
        });
      } finally {
        leave();
      }
    };
    return {
      get session() {
        return session;
      },
      append,
      appendAll,
      end,
    };
  }

  private turn(run_id: string) {
    return { run_id, expires_at: new Date(this.clock.now().getTime() + TURN_MS).toISOString() };
  }

  /** @returns true when the session was opened by this call, from a conversation stored elsewhere. */
  private async assertOpen(org_id: string, session_id: string): Promise<boolean> {
    const session = await this.repository.findById(org_id, session_id);
    if (session?.status === 'closed') throw new SessionClosedError(session_id);
    if (session) return false;
    if (!(await this.sessions.find(org_id, session_id))) throw new SessionNotFoundError(session_id);
    return true;
  }
}
