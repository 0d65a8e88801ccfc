import type { LogLevel, ProjectEventBody } from '../projects/project.js';
import type { StageName } from '../stages/stage.js';

/** How long lines gather before they are stored, in milliseconds: a watcher sees them soon, and a burst costs one write. */
const FLUSH_MS = 250;
/** Stays below the 100 items of a transaction together with the stage, the project and the artifacts. */
const LINES_A_WRITE = 40;

/**
 * Log lines of a running step. They are stored while the step runs, but never two writes at once; what is left when the
 * step ends goes with the step's own write.
 */
export class BuildLog {
  private readonly lines: ProjectEventBody[] = [];
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;

  constructor(private readonly store: (lines: ProjectEventBody[]) => Promise<void>) {}

  add(stage_name: StageName, level: LogLevel, message: string): void {
    this.lines.push({ event: 'log', stage_name, level, message });
    this.timer ??= setTimeout(() => {
      this.flushing = this.flush();
    }, FLUSH_MS);
  }

  /** No write is under way afterwards, and none begins by itself before the next line. */
  async settle(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.flushing;
  }

  /** The oldest lines, for a write that the caller makes. */
  take(): ProjectEventBody[] {
    return this.lines.splice(0, LINES_A_WRITE);
  }

  private async flush(): Promise<void> {
    try {
      const lines = this.take();
      if (lines.length > 0) await this.store(lines);
    } finally {
      this.timer = undefined;
      this.flushing = undefined;
    }
  }
}
