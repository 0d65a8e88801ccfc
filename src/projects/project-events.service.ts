import { Injectable } from '@nestjs/common';
import { EventEmitter, once } from 'node:events';
import { Lifecycle } from '../platform/lifecycle/lifecycle.js';
import type { StageName } from '../stages/stage.js';
import type { ProjectEvent } from './project.js';
import { ProjectNotFoundError } from './projects.errors.js';
import { ProjectsRepository } from './projects.repository.js';
import type { StageLogDto } from './dto/project.dto.js';

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

const BATCH = 200;
/** How soon a stream sees what a build on another process stored. */
const POLL_MS = 1_000;
const LOG_LIMIT = 1_000;

/** The events of a build, from the database: from any process, from any point, without loss or repetition. */
@Injectable()
export class ProjectEventsService {
  constructor(
    private readonly repository: ProjectsRepository,
    private readonly notifier: ProjectNotifier,
    private readonly lifecycle: Lifecycle,
  ) {}

  /**
   * Events after `seq` and then those to come, until the build has ended. A stream that is opened after the end replays
   * and closes. Ends also when the project is deleted meanwhile, and when this process leaves: the client resumes elsewhere.
   */
  async *stream(org_id: string, project_id: string, seq: number): AsyncGenerator<ProjectEvent> {
    if (!(await this.repository.findById(org_id, project_id))) throw new ProjectNotFoundError(project_id);
    let position = seq;
    for (;;) {
      const news = this.notifier.next(project_id, POLL_MS);
      const events = await this.repository.listEventsAfter(project_id, position, BATCH);
      for (const event of events) {
        position = event.seq;
        yield event;
      }
      if (events.length === BATCH) continue;
      if (await this.hasEnded(org_id, project_id, position)) return;
      if (this.lifecycle.ending.aborted) return;
      if (events.length === 0) await news;
    }
  }

  /** Log lines of one stage, oldest first; of the latest attempt that has any. */
  async logs(project_id: string, stage_name: StageName): Promise<StageLogDto[]> {
    const logs: StageLogDto[] = [];
    let position = 0;
    for (let read = 0; read < LOG_LIMIT;) {
      const events = await this.repository.listEventsAfter(project_id, position, BATCH);
      for (const event of events) {
        position = event.seq;
        if (event.event === 'log' && event.stage_name === stage_name)
          logs.push({ timestamp: event.timestamp, level: event.level, message: event.message });
      }
      read += events.length;
      if (events.length < BATCH) break;
    }
    return logs;
  }

  private async hasEnded(org_id: string, project_id: string, position: number): Promise<boolean> {
    const project = await this.repository.findById(org_id, project_id);
    if (!project) return true;
    const isOver = project.status === 'completed' || project.status === 'failed';
    return isOver && position >= project.event_seq;
  }
}
