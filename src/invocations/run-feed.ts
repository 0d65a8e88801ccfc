import type { StreamEvent } from '../platform/http/event-stream.js';

/** Events are stored in batches: after this time, or at this size. */
const SAVE_AFTER_MS = 100;
const SAVE_AT_CHARACTERS = 16_000;
/** The run waits when this much is not stored yet. */
const UNSAVED_LIMIT_CHARACTERS = 1_000_000;
/** Newest events kept in memory for followers in this process. They read older events from the database. */
const TAIL_CHARACTERS = 64_000;
const LAST_ATTEMPTS = 5;
const RETRY_MS = 200;

/** An event of a run with its number, which counts from 1 without gaps. */
export interface RunStreamEvent extends StreamEvent {
  id: string;
  event: string;
}

/** The run waits: more events follow when it continues. */
export const isPause = ({ event }: StreamEvent): boolean => event === 'approval_required';

export const isLast = ({ event }: StreamEvent): boolean => event === 'done' || event === 'error';

/**
 * The events since the run was continued last, for protocols in which a wait ends a stream and another one continues it.
 * @param settled how many approvals were settled before
 */
export async function* presentEvents(
  events: AsyncIterable<RunStreamEvent>,
  settled: number,
): AsyncGenerator<RunStreamEvent> {
  let left = settled;
  for await (const event of events)
    if (left > 0 && event.event === 'approval_decided') left -= 1;
    else if (left === 0 || isLast(event)) yield event;
}

interface Kept {
  event: RunStreamEvent;
  size: number;
}

/**
 * The events of one run of this process. They are stored in batches, and followers in this process see them at once. Memory is
 * bounded: a run that is faster than the database waits.
 */
export class RunFeed {
  private readonly tail: Kept[] = [];
  private readonly unsaved: Kept[] = [];
  private tailSize = 0;
  private unsavedSize = 0;
  private timer: NodeJS.Timeout | undefined;
  private saving: Promise<void> | undefined;
  private waiting: (() => void)[] = [];
  /** The newest event is the last one of the run. */
  isComplete = false;

  private savedTo: number;

  /**
   * @param save stores events in their order; called again with the same ones when it rejects
   * @param count number of the newest event
   */
  constructor(
    private readonly save: (events: RunStreamEvent[]) => Promise<void>,
    public count = 0,
  ) {
    this.savedTo = count;
  }

  /** Adds the next event. Resolves when there is room for more. */
  async append(event: RunStreamEvent): Promise<void> {
    const kept = { event, size: JSON.stringify(event.data).length };
    this.count = Number(event.id);
    this.isComplete = isLast(event);
    this.tail.push(kept);
    this.unsaved.push(kept);
    this.tailSize += kept.size;
    this.unsavedSize += kept.size;
    this.wake();
    if (this.unsavedSize >= SAVE_AT_CHARACTERS || this.isComplete) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), SAVE_AFTER_MS);
    while (this.unsavedSize > UNSAVED_LIMIT_CHARACTERS && !this.isComplete) await this.flush();
  }

  /** Events after a position. @returns undefined when some of them are no longer in memory. */
  after(position: number): RunStreamEvent[] | undefined {
    const first = Number(this.tail[0]?.event.id ?? this.count + 1);
    if (position + 1 < first) return undefined;
    return this.tail.slice(position + 1 - first).map(({ event }) => event);
  }

  /** Resolves at the next event, or after `timeout_ms`. */
  async next(timeout_ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout_ms);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Stores the remaining events. @returns false when that failed. */
  async close(): Promise<boolean> {
    for (let attempt = 1; this.unsaved.length > 0 && attempt <= LAST_ATTEMPTS; attempt++) await this.flush();
    this.wake();
    return this.unsaved.length === 0;
  }

  /** One write at a time. Events that arrive during a write form the next batch. Pauses after a failure. */
  private flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.saving ??= this.saveBatch().finally(() => {
      this.saving = undefined;
      if (this.unsaved.length > 0) this.timer ??= setTimeout(() => void this.flush(), SAVE_AFTER_MS);
    });
    return this.saving;
  }

  private async saveBatch(): Promise<void> {
    const batch = [...this.unsaved];
    try {
      await this.save(batch.map(({ event }) => event));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      return;
    }
    this.unsaved.splice(0, batch.length);
    for (const { event, size } of batch) {
      this.unsavedSize -= size;
      this.savedTo = Number(event.id);
    }
    this.trim();
  }

  private trim(): void {
    while (this.tailSize > TAIL_CHARACTERS && Number(this.tail[0]?.event.id) <= this.savedTo)
      this.tailSize -= this.tail.shift()?.size ?? 0;
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
