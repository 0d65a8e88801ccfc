import { Injectable } from '@nestjs/common';
import { EventEmitter, once } from 'node:events';
import { Lifecycle } from '../platform/lifecycle/lifecycle.js';
import type { StageName, Stage } from '../stages/stage.js';
import {
  type ProjectEvent,
  type Artifact,
  type Project,
  type ProjectWhole,
  LOG_MESSAGE_LENGTH,
  type ProjectEventBody,
} from './project.js';
import { ProjectNotFoundError } from './projects.errors.js';
import { ProjectsRepository } from './projects.repository.js';
import type { StageLogDto } from './dto/project.dto.js';
import type { Write } from '../platform/database/unit-of-work.js';
import { Clock } from '../shared/clock.js';
import { buildProgress } from '../stages/stage-rules.js';
import { ArtifactsRepository } from './builds.repository.js';

/**
 * Wakes event streams of this process when a project has changed. Only a hint: the events are in the database, so a stream in
 * another process misses nothing and only sees them a little later.
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
/** How often a stream reads the events of a build in another process. */
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
   * and closes. Also ends when the project is deleted or this process shuts down; clients then resume elsewhere.
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

/** A transition of a running build, stored completely or not at all. */
export interface ProgressChange {
  project?: Partial<Project>;
  stage?: Stage;
  events: ProjectEventBody[];
  artifacts?: Artifact[];
  with?: Write[];
}

/** The write side of a build: each transition is stored first and announced afterwards. */
@Injectable()
export class ProjectProgressService {
  constructor(
    private readonly repository: ProjectsRepository,
    private readonly artifacts: ArtifactsRepository,
    private readonly notifier: ProjectNotifier,
    private readonly clock: Clock,
  ) {}

  read(project_id: string) {
    return this.repository.readWhole(project_id);
  }

  /** Path → content of everything that the build has made so far. */
  contents(org_id: string, project_id: string): Promise<Map<string, string>> {
    return this.artifacts.contents(org_id, project_id);
  }

  buildIsCurrent(project_id: string, build_id: string): Write {
    return this.repository.buildIsCurrent(project_id, build_id);
  }

  /**
   * Stores a change on top of `whole`. Progress is recomputed, but the project's figure never decreases within an attempt, even
   * when a step fails.
   * @throws ProjectChangedError when someone else changed the project since `whole` was read.
   */
  async store(whole: ProjectWhole, change: ProgressChange): Promise<ProjectWhole> {
    const { stage } = change;
    const stages = stage
      ? whole.stages.map((one) => (one.stage_number === stage.stage_number ? stage : one))
      : whole.stages;
    const progress = Math.max(whole.project.progress, buildProgress(stages));
    const project: Project = { ...whole.project, progress, ...change.project, updated_at: this.clock.timestamp() };
    const events = [...change.events.map(bounded), ...progressEvents(whole.project, project)];
    const saved = await this.repository.save(whole.project, {
      project,
      stages: stage ? [stage] : [],
      events: doneLast(events),
      ...(change.artifacts ? { artifacts: change.artifacts } : {}),
      ...(change.with ? { with: change.with } : {}),
    });
    this.notifier.changed(saved.project_id);
    return { project: saved, stages };
  }
}

function progressEvents(before: Project, after: Project): ProjectEventBody[] {
  const isNews = before.progress !== after.progress || before.status !== after.status;
  return isNews ? [{ event: 'progress', progress: after.progress, status: after.status }] : [];
}

/** `done` ends a stream, so nothing may come after it. */
function doneLast(events: ProjectEventBody[]): ProjectEventBody[] {
  return [...events.filter(({ event }) => event !== 'done'), ...events.filter(({ event }) => event === 'done')];
}

function bounded(event: ProjectEventBody): ProjectEventBody {
  return event.event === 'log' ? { ...event, message: event.message.slice(0, LOG_MESSAGE_LENGTH) } : event;
}
