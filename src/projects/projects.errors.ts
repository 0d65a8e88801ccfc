import { ConflictError, NotFoundError } from '../shared/domain-error.js';

export class ProjectNotFoundError extends NotFoundError {
  constructor(project_id: string) {
    super('Project', project_id);
  }
}

export class ArtifactNotFoundError extends NotFoundError {
  constructor(path: string) {
    super('Artifact', path);
  }
}

/** The project changed between read and write. Reading and deciding again is safe. */
export class ProjectChangedError extends ConflictError {
  constructor(project_id: string) {
    super('The project was changed by someone else at the same moment', { details: { project_id } });
  }
}

/** The build that wants to write is no longer the project's running build: it was stopped, restarted, deleted or taken over. */
export class BuildSupersededError extends ConflictError {
  constructor(project_id: string, build_id: string) {
    super('This build is no longer the running build of its project', { details: { project_id, build_id } });
  }
}
