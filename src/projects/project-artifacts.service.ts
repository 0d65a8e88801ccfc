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

  /** What the stages of the latest attempt have made; leftovers of an earlier one are not shown. @throws ProjectNotFoundError */
  async list(org_id: string, project_id: string): Promise<ArtifactSummary[]> {
    const [artifacts, { stages }] = await Promise.all([
      this.repository.listByProject(org_id, project_id),
      this.projects.getWhole(org_id, project_id),
    ]);
    const made = new Set(stages.flatMap((stage) => stage.artifacts));
    return artifacts.filter(({ path }) => made.has(path));
  }

  /** @throws ProjectNotFoundError, ArtifactNotFoundError */
  async get(org_id: string, project_id: string, path: string): Promise<Omit<Artifact, 'org_id' | 'project_id'>> {
    const [artifact, { stages }] = await Promise.all([
      this.repository.findByPath(org_id, project_id, path),
      this.projects.getWhole(org_id, project_id),
    ]);
    if (!artifact || !stages.some((stage) => stage.artifacts.includes(path))) throw new ArtifactNotFoundError(path);
    const { org_id: _org, project_id: _project, ...visible } = artifact;
    return visible;
  }
}
