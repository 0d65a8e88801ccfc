import { Injectable } from '@nestjs/common';
import type { Artifact } from './artifact.js';
import { ArtifactsRepository, type ArtifactSummary } from './artifacts.repository.js';
import { ArtifactNotFoundError } from './projects.errors.js';
import { ProjectsService } from './projects.service.js';

/** What the stages of a project produced. */
@Injectable()
export class ProjectArtifactsService {
  constructor(
    private readonly projects: ProjectsService,
    private readonly repository: ArtifactsRepository,
  ) {}

  /** @throws ProjectNotFoundError */
  async list(org_id: string, project_id: string): Promise<ArtifactSummary[]> {
    const [artifacts] = await Promise.all([
      this.repository.listByProject(org_id, project_id),
      this.projects.get(org_id, project_id),
    ]);
    return artifacts;
  }

  /** @throws ProjectNotFoundError, ArtifactNotFoundError */
  async get(org_id: string, project_id: string, path: string): Promise<Omit<Artifact, 'org_id' | 'project_id'>> {
    const [artifact] = await Promise.all([
      this.repository.findByPath(org_id, project_id, path),
      this.projects.get(org_id, project_id),
    ]);
    if (!artifact) throw new ArtifactNotFoundError(path);
    const { org_id: _org, project_id: _project, ...visible } = artifact;
    return visible;
  }
}
