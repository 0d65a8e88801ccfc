import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import type { MockAnswer, MockRequest } from './catalogue/mock-tasks.js';
import { CatalogueWorkers } from './catalogue-workers.js';
import type { Integration, MockMode } from './integration.js';
import { IntegrationNotFoundError } from './integrations.errors.js';
import { IntegrationsRepository } from './integrations.repository.js';
import { IntegrationsService } from './integrations.service.js';

/** Mocks of imported APIs. */
@Injectable()
export class MockService {
  constructor(
    private readonly integrations: IntegrationsService,
    private readonly repository: IntegrationsRepository,
    private readonly workers: CatalogueWorkers,
    private readonly clock: Clock,
  ) {}

  /** @throws IntegrationNotFoundError, InvalidStateError before the first import is done */
  async turn(org_id: string, integration_id: string, mock: MockMode): Promise<Integration> {
    await this.integrations.getReady(org_id, integration_id);
    // Callers of the mock know the id alone: this tells whose it is.
    await this.repository.putMockOwner(integration_id, mock === 'off' ? undefined : org_id);
    const changed = await this.repository.change(org_id, integration_id, { mock, updated_at: this.clock.timestamp() });
    if (!changed) throw new IntegrationNotFoundError(integration_id);
    return changed;
  }

  /** What the mock answers. @throws IntegrationNotFoundError when it is off */
  async answer(integration_id: string, request: MockRequest): Promise<MockAnswer> {
    const org_id = await this.repository.findMockOwner(integration_id);
    const integration = org_id === undefined ? undefined : await this.repository.find(org_id, integration_id);
    if (!integration?.mock || integration.mock === 'off' || integration.version === 0)
      throw new IntegrationNotFoundError(integration_id);
    return this.workers.ask('mock', [this.integrations.catalogueOf(integration)], request);
  }
}
