import { EventEmitter, once } from 'node:events';
import { Injectable } from '@nestjs/common';

/**
 * Wakes event streams of this process when a project has changed. Only a hint that saves polling time: the events
 * themselves are in the database, so a stream on another process misses nothing, it only looks a little later.
 */
@Injectable()
export class ProjectNotifier {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  changed(project_id: string): void {
    this.emitter.emit(project_id);
  }

  /** Resolves at the next change or after `timeout_ms`, whichever is first. Never rejects. */
  async next(project_id: string, timeout_ms: number): Promise<void> {
    const timeout = AbortSignal.timeout(timeout_ms);
    await once(this.emitter, project_id, { signal: timeout }).catch(() => undefined);
  }
}
