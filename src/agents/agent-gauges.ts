import { Injectable } from '@nestjs/common';
import { GaugeSource } from '../statistics/fact-source.js';
import type { GaugeName } from '../statistics/gauge.js';
import { gaugeOf } from './agent.js';
import { AgentsRepository } from './agents.repository.js';

/** Live agents by state, for the recount of the gauges. */
@Injectable()
export class AgentGauges extends GaugeSource {
  constructor(private readonly repository: AgentsRepository) {
    super();
  }

  override async *recount(): AsyncGenerator<{ org_id: string; name: GaugeName }> {
    for await (const { org_id, status, deletion } of this.repository.all())
      if (deletion === undefined) yield { org_id, name: gaugeOf(status) };
  }
}
