import { Injectable } from '@nestjs/common';
import type { Write } from '../platform/database/unit-of-work.js';
import { Clock } from '../shared/clock.js';
import { buildProgress } from '../stages/stage-rules.js';
import type { Stage } from '../stages/stage.js';
import {
  type Artifact,
  type Project,
  type ProjectWhole,
  LOG_MESSAGE_LENGTH,
  type ProjectEventBody,
} from './project.js';
import { ArtifactsRepository } from './builds.repository.js';
import { ProjectNotifier } from './project-events.service.js';
import { ProjectsRepository } from './projects.repository.js';

/** What a running build wants to store. Everything in it is stored together or not at all. */
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
   * Stores a change on top of `whole`. Progress is recomputed and never falls within an attempt: a failed step loses its
   * half, the project's figure keeps its high-water mark.
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
