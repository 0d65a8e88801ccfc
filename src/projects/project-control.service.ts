import { Injectable } from '@nestjs/common';
import { type ControlRequest, ControlTransition } from './control-transition.js';
import { assertControllable, type Project } from './project.js';
import { ProjectNotifier } from './project-events.service.js';
import { ProjectChangedError, ProjectNotFoundError } from './projects.errors.js';
import { ProjectsRepository } from './projects.repository.js';

/** How often a control is retried when the running build stores its progress in between. */
const ATTEMPTS = 10;

/** Pause, resume, stop and restart: each is a decision on the current state, stored under the condition that it still is. */
@Injectable()
export class ProjectControlService {
  constructor(
    private readonly repository: ProjectsRepository,
    private readonly transition: ControlTransition,
    private readonly notifier: ProjectNotifier,
  ) {}

  /**
   * @throws InvalidStateError naming the state and the legal actions; of two equal controls at the same instant one gets it.
   * @throws ProjectNotFoundError
   */
  async control(org_id: string, project_id: string, request: ControlRequest): Promise<Project> {
    for (let attempt = 1; ; attempt++) {
      const whole = await this.repository.findWhole(org_id, project_id);
      if (!whole) throw new ProjectNotFoundError(project_id);
      assertControllable(whole.project, request.action);
      const { change, engine } = this.transition.of(whole, request);
      try {
        const project = await this.repository.save(whole.project, change);
        engine?.committed();
        this.notifier.changed(project_id);
        return project;
      } catch (error) {
        engine?.abandoned();
        if (!(error instanceof ProjectChangedError) || attempt === ATTEMPTS) throw error;
      }
    }
  }
}
