import { Injectable } from '@nestjs/common';
import { BuildRecords } from '../projects/build-engine.port.js';
import { ArchivedDeletion, type Deletable } from '../statistics/archived-deletion.service.js';
import { buildFact } from './build-facts.js';
import { BuildsRepository } from './builds.repository.js';

/** Deletes the build attempts of a project; what they meant for the statistics stays in the archive. */
@Injectable()
export class StoredBuildRecords extends BuildRecords {
  constructor(
    private readonly repository: BuildsRepository,
    private readonly archived: ArchivedDeletion,
  ) {
    super();
  }

  override async deleteByProject(project_id: string): Promise<void> {
    await this.archived.deleteAll(() => this.next(project_id));
  }

  /** All have ended by then: the mark of the project ended the last one. */
  private async next(project_id: string): Promise<Deletable[]> {
    const builds = await this.repository.listForDeletion(project_id);
    return builds.map((build) => ({
      fact: { ...buildFact(build), counted: build.uncounted === undefined },
      deletion: this.repository.deletion(build),
    }));
  }
}
