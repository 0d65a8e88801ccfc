import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import type { Session } from './session.js';
import { SessionOpeningService } from './session-opening.service.js';
import { SessionBusyError, SessionClosedError, SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';
import { TurnQueue } from './turn-queue.js';

/** A run that shows no life for so long has lost its turn. */
const TURN_MS = 30_000;
const HEARTBEAT_MS = 10_000;
const FIRST_POLL_MS = 25;
const LONGEST_POLL_MS = 500;

/** The right to add messages to a session. `end` must be called, whatever happens. */
export interface HeldTurn {
  session: Session;
  run_id: string;
  /** @param isGivenBack the last message gave the turn back in its own transaction. */
  end(isGivenBack: boolean): Promise<void>;
}

/** One run at a time per session: a line within this process, and a lease in the session's item between processes. */
@Injectable()
export class SessionTurnService {
  private readonly logger = new Logger(SessionTurnService.name);

  constructor(
    private readonly repository: SessionsRepository,
    private readonly queue: TurnQueue,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly opening: SessionOpeningService,
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

  private held(session: Session, run_id: string, leave: () => void): HeldTurn {
    const { session_id } = session;
    const heartbeat = setInterval(() => {
      this.repository.renewTurn(session_id, this.turn(run_id)).catch((error: unknown) => {
        this.logger.warn({ msg: 'a session turn could not be renewed', session_id, err: error });
      });
    }, HEARTBEAT_MS);
    const end = async (isGivenBack: boolean): Promise<void> => {
      clearInterval(heartbeat);
      try {
        if (!isGivenBack) await this.repository.endTurn(session_id, run_id);
      } catch (error) {
        this.logger.warn({
          msg: 'a session turn could not be given back, it runs out by itself',
          session_id,
          err: error,
        });
      } finally {
        leave();
      }
    };
    return { session, run_id, end };
  }

  private turn(run_id: string) {
    return { run_id, expires_at: new Date(this.clock.now().getTime() + TURN_MS).toISOString() };
  }

  /** @returns true when it was opened now, from the run that began it. */
  private async assertOpen(org_id: string, session_id: string): Promise<boolean> {
    const session = await this.repository.findById(org_id, session_id);
    if (session?.status === 'closed') throw new SessionClosedError(session_id);
    if (session) return false;
    if (!(await this.opening.find(org_id, session_id))) throw new SessionNotFoundError(session_id);
    return true;
  }
}
