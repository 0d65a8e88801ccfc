import type { NextFunction, Request, Response } from 'express';
import { ServiceUnavailableError } from '../../shared/domain-error.js';

/** How many requests begin in one turn of the event loop. Node accepts one connection a turn, so turns must stay short. */
const BEGUN_PER_TURN = 8;
/** A request that has waited for so long is refused: its caller had better come again. */
const WAIT_MAX_MS = 1_000;
const PROBES = /^\/health(?:[/?]|$)/;

interface Waiting {
  next: NextFunction;
  since: number;
}

interface IntakeOptions {
  /** Runs the callback in the next turn of the event loop. */
  later: (callback: () => void) => void;
  /** Milliseconds of a monotonic clock. */
  now: () => number;
}

const NODE: IntakeOptions = { later: setImmediate, now: () => performance.now() };

/**
 * Lets a few requests begin in each turn of the event loop; others wait in their order. So a thousand callers who come at once are all
 * accepted soon, and are served or refused within a second, instead of waiting unaccepted for many. Probes never wait.
 */
export class Intake {
  private readonly waiting: Waiting[] = [];
  /** Requests that began in this turn. */
  private begun = 0;
  private isScheduled = false;
  private readonly refused = new WeakSet<Request>();

  constructor(private readonly options: IntakeOptions = NODE) {}

  /** Express middleware, before all others. */
  readonly take = (request: Request, response: Response, next: NextFunction): void => {
    if (PROBES.test(request.url)) return next();
    if (this.waiting.length === 0 && this.begun < BEGUN_PER_TURN) return this.begin(next);
    const since = this.options.now();
    this.waiting.push({
      next: () => {
        if (response.destroyed) return;
        if (this.options.now() - since > WAIT_MAX_MS) this.refused.add(request);
        next();
      },
      since,
    });
    return this.schedule();
  };

  /** Express middleware, where refusals are written as errors are. @throws ServiceUnavailableError after a wait of over a second */
  readonly refuse = (request: Request, _response: Response, next: NextFunction): void => {
    if (!this.refused.has(request)) return next();
    const error = new ServiceUnavailableError('The platform has more requests than it can serve at the moment');
    return next(error);
  };

  private begin(next: NextFunction): void {
    this.begun += 1;
    this.schedule();
    next();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.options.later(this.turn);
  }

  private readonly turn = (): void => {
    this.isScheduled = false;
    this.begun = 0;
    // Refusals cost little, so those that have waited too long leave at once.
    const late = this.options.now() - WAIT_MAX_MS;
    for (let taken = 0; taken < BEGUN_PER_TURN;) {
      const first = this.waiting[0];
      if (!first) return;
      if (first.since > late) taken += 1;
      this.waiting.shift();
      this.begin(first.next);
    }
  };
}
