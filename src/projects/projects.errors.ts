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
    super('The project was changed by another request', { details: { project_id } });
  }
}
