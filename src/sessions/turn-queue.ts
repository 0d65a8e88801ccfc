import { Injectable } from '@nestjs/common';

/** Lets callers of this process in one after the other, in the order of their arrival, for each session. */
@Injectable()
export class TurnQueue {
  private readonly lines = new Map<string, (() => void)[]>();

  isBusy(session_id: string): boolean {
    return this.lines.has(session_id);
  }

  /** @returns what to call when done; undefined when the wait was longer than `wait_ms`. */
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
