import { Injectable } from '@nestjs/common';
import { AttachedToolStore } from '../tools/attachments/attached-tool-store.js';
import { ArtifactsRepository } from './artifacts.repository.js';
import { BuildRecords } from './build-engine.port.js';

/** What stands under a marked project besides its agents. */
@Injectable()
export class ProjectRecords {
  constructor(
    private readonly artifacts: ArtifactsRepository,
    private readonly builds: BuildRecords,
    private readonly tools: AttachedToolStore,
  ) {}

  deleteArtifacts(org_id: string, project_id: string): Promise<number> {
    return this.artifacts.deleteByProject(org_id, project_id);
  }

  deleteTools(org_id: string, project_id: string): Promise<number> {
    return this.tools.deleteByProject(org_id, project_id);
  }

  deleteBuilds(project_id: string): Promise<void> {
    return this.builds.deleteByProject(project_id);
  }
}
