import fc from 'fast-check';
import { Clock } from '../shared/clock.js';
import {
  buildProgress,
  completeStage,
  completeSubStage,
  failStage,
  startStage,
  startSubStage,
  type StepOutcome,
} from '../stages/stage-rules.js';
import { type Stage, SUB_STAGE_NAMES, type SubStageName } from '../stages/stage.js';
import type { ArtifactsRepository } from './builds.repository.js';
import { newProject, type Project, type ProjectWhole, restarted, type ProjectEventBody } from './project.js';
import { ProjectNotifier, type ProgressChange, ProjectProgressService } from './project-progress.service.js';
import { ProjectChangedError } from './projects.errors.js';
import type { ProjectChange, ProjectsRepository } from './projects.repository.js';

const AT = '2026-11-20T10:00:00.000Z';
const OUTCOME: StepOutcome = {
  output_data: {},
  artifacts: [],
  model: null,
  usage: { input_tokens: 1, output_tokens: 1 },
  cost_usd: 0,
  tool_calls: 0,
};
const MOVES = ['begin', 'complete', 'fail', 'log', 'pause', 'resume', 'restart', 'start over', 'stale'] as const;
type Move = (typeof MOVES)[number];

/** A build in memory: the real progress service over a repository that keeps one project. */
class Build {
  whole: ProjectWhole = newProject(
    { org_id: 'acme', user_id: 'ada', requirement: 'An agent that calculates' },
    { project_id: 'proj_1', build_id: 'bld_1' },
    AT,
  );
  readonly events: (ProjectEventBody & { attempt: number })[] = [];
  private readonly service: ProjectProgressService;

  constructor() {
    const save = async (before: Project, change: ProjectChange): Promise<Project> => this.save(before, change);
    const repository = { save } as unknown as ProjectsRepository;
    this.service = new ProjectProgressService(
      repository,
      {} as ArtifactsRepository,
      new ProjectNotifier(),
      new Clock(),
    );
  }

  async make(move: Move): Promise<void> {
    const { project } = this.whole;
    if (move === 'restart' || move === 'start over') return this.restart(move === 'start over');
    if (move === 'stale') return this.storeStale();
    if (move === 'pause' && project.status === 'building')
      return this.store({ project: { status: 'paused' }, events: [] });
    if (move === 'resume' && project.status === 'paused')
      return this.store({ project: { status: 'building' }, events: [] });
    if (move === 'log' && project.status === 'building') return this.store({ events: [LINE] });
    const isPending = project.status === 'pending' && move === 'begin';
    const stage = project.status === 'building' || isPending ? this.moved(move) : undefined;
    if (!stage) return;
    const isDone = this.whole.stages.every(
      (one) => (one.stage_number === stage.stage_number ? stage : one).status === 'completed',
    );
    const status = isDone ? 'completed' : 'building';
    const done: ProjectEventBody[] = isDone ? [{ event: 'done', status, error_info: null }] : [];
    return this.store({ stage, project: { status }, events: done });
  }

  private moved(move: Move): Stage | undefined {
    const stage = this.whole.stages.find(({ status }) => status !== 'completed');
    if (!stage) return undefined;
    const sub = openSubStage(stage);
    if (move === 'begin') return begun(stage, sub);
    if (move === 'complete' && stage.status === 'running') return completed(stage, sub);
    return move === 'fail' && stage.status === 'running' ? failStage(stage, AT, 'no') : undefined;
  }

  private async store(change: ProgressChange): Promise<void> {
    this.whole = await this.service.store(this.whole, change);
  }

  /** A write from a state that someone else has changed since. */
  private async storeStale(): Promise<void> {
    const old = { ...this.whole, project: { ...this.whole.project, version: this.whole.project.version - 1 } };
    await expect(this.service.store(old, { events: [LINE] })).rejects.toThrow(ProjectChangedError);
  }

  private restart(fromScratch: boolean): void {
    const { status, attempt } = this.whole.project;
    if (status === 'completed' || this.whole.stages.some((stage) => stage.status === 'failed')) {
      const failed = { ...this.whole.project, status: status === 'completed' ? status : ('failed' as const) };
      const build_id = `bld_${attempt + 1}`;
      this.whole = restarted({ ...this.whole, project: failed }, { build_id, from_scratch: fromScratch });
    }
  }

  private save(before: Project, { project, events = [] }: ProjectChange): Project {
    if (before.version !== this.whole.project.version) throw new ProjectChangedError(before.project_id);
    this.events.push(...events.map((event) => ({ ...event, attempt: project.attempt })));
    return { ...project, version: before.version + 1, event_seq: before.event_seq + events.length };
  }
}

const LINE: ProjectEventBody = { event: 'log', stage_name: null, level: 'info', message: 'still at it' };

function openSubStage(stage: Stage): SubStageName | undefined {
  return SUB_STAGE_NAMES.find((name) => stage.sub_stages && stage.sub_stages[name].status !== 'completed');
}

function begun(stage: Stage, sub: SubStageName | undefined): Stage {
  const running = startStage(stage, AT);
  return sub ? startSubStage(running, sub, AT) : running;
}

function completed(stage: Stage, sub: SubStageName | undefined): Stage | undefined {
  if (!sub) return completeStage(stage, AT, OUTCOME);
  if (stage.sub_stages?.[sub].status !== 'running') return undefined;
  const next = completeSubStage(stage, sub, AT, OUTCOME);
  return openSubStage(next) ? next : completeStage(next, AT);
}

const histories = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom<Move>('begin', 'complete') }, fc.constantFrom(...MOVES)),
  { maxLength: 80 },
);

describe('progress of a project, whatever happens to its build', () => {
  it('stays within 0..100, never falls within an attempt and is 100 exactly when all is done', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (moves) => {
        const build = new Build();
        for (const move of moves) {
          const before = build.whole.project;
          await build.make(move);
          const { project, stages } = build.whole;
          expect(project.progress).toBeLessThanOrEqual(100);
          const floor = project.attempt === before.attempt ? before.progress : buildProgress(stages);
          expect(project.progress).toBeGreaterThanOrEqual(floor);
          expect(project.progress === 100).toBe(stages.every(({ status }) => status === 'completed'));
        }
      }),
    );
  });

  it('is told in events that rise within an attempt and end with the figure that is stored', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (moves) => {
        const build = new Build();
        for (const move of moves) await build.make(move);
        const told = build.events.flatMap((event) =>
          event.event === 'progress' && event.attempt === build.whole.project.attempt ? [event.progress] : [],
        );
        expect(told).toEqual([...told].sort((a, b) => a - b));
        if (told.length > 0) expect(told.at(-1)).toBe(build.whole.project.progress);
        expect(build.whole.project.event_seq).toBe(build.events.length);
      }),
    );
  });
});
