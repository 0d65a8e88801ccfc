import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { StreamEvent } from '../platform/http/event-stream.js';
import { Lifecycle } from '../platform/lifecycle/lifecycle.js';
import { Clock } from '../shared/clock.js';
import { visibleStatus } from './integration.js';
import { IntegrationsRepository } from './integrations.repository.js';

/** How soon a stream sees what another process stored. */
const POLL_MS = 250;

/** The progress of imports, from the database: any process sees the imports of all. */
@Injectable()
export class ImportEvents {
  constructor(
    private readonly repository: IntegrationsRepository,
    private readonly lifecycle: Lifecycle,
    private readonly clock: Clock,
  ) {}

  /** The present state, then each change of it. Ends with the import, and when this process leaves. */
  async *follow(org_id: string, integration_id: string): AsyncGenerator<StreamEvent> {
    let seen = '';
    while (!this.lifecycle.ending.aborted) {
      const found = await this.repository.find(org_id, integration_id);
      if (!found) return;
      const { import: run, operation_count, version } = found;
      const status = visibleStatus(found, this.clock.now());
      const data = { integration_id, status, version, operation_count, import: run };
      const state = JSON.stringify(data);
      if (state !== seen) yield { event: 'import', data };
      seen = state;
      if (status !== 'importing' && run?.status !== 'running') return;
      await delay(POLL_MS);
    }
  }
}
