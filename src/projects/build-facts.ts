import { Injectable } from '@nestjs/common';
import { FactSource, GaugeSource, type BuildFact, type Fact } from '../statistics/fact.js';
import type { GaugeName } from '../statistics/counter-row.js';
import type { Build } from './build.js';
import { BuildsRepository } from './builds.repository.js';

/** Ended builds as facts for the statistics. A stopped build counts as failed: it ended without an agent. */
@Injectable()
export class BuildFacts extends FactSource {
  override readonly name = 'builds';

  constructor(private readonly repository: BuildsRepository) {
    super();
  }

  override async uncounted(limit: number) {
    const builds = await this.repository.listUncounted(limit);
    return builds.map((build) => ({
      fact: buildFact(build),
      record: build.build_id,
      mark: this.repository.counted(build.build_id),
    }));
  }

  override async *all(): AsyncGenerator<Fact & { counted: boolean }> {
    for await (const build of this.repository.all()) {
      if (build.ended_at !== undefined) yield { ...buildFact(build), counted: build.uncounted === undefined };
    }
  }
}

/** An ended build as the statistics see it. */
export function buildFact(build: Build): BuildFact {
  return {
    kind: 'build',
    org_id: build.org_id,
    occurred_at: build.ended_at ?? build.created_at,
    outcome: build.status === 'completed' ? 'successful' : 'failed',
    duration_seconds: build.duration_seconds ?? 0,
    stage: build.stage ?? 'orchestrator',
  };
}

/** Every build that was ever begun, for the recount of `builds_started`. */
@Injectable()
export class BuildGauges extends GaugeSource {
  constructor(private readonly repository: BuildsRepository) {
    super();
  }

  override async *recount(): AsyncGenerator<{ org_id: string; name: GaugeName }> {
    for await (const { org_id } of this.repository.all()) yield { org_id, name: 'builds_started' };
  }
}
