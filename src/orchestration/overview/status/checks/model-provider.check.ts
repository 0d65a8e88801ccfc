import { Injectable } from '@nestjs/common';
import { ModelsService } from '../../../../models/models.service.js';
import { ComponentCheck, type ComponentState } from '../component-check.js';

/** What the circuit breaker has learnt from real calls; asking the provider for a status would cost money. */
@Injectable()
export class ModelProviderComponent extends ComponentCheck {
  override readonly name = 'model_provider';

  constructor(private readonly models: ModelsService) {
    super();
  }

  override async look(): Promise<ComponentState> {
    const { id, provider } = this.models.describe();
    const who = `${provider}: ${id}`;
    if (provider === 'offline') return { status: 'healthy', message: `${who}, in this process` };
    switch (this.models.state) {
      case 'closed':
        return { status: 'healthy', message: `${who}; the last calls did not fail in a row` };
      case 'half_open':
        return { status: 'degraded', message: `${who}; it failed and is being tried again` };
      case 'open':
        return { status: 'unhealthy', message: `${who}; it failed several times in a row and is left alone` };
    }
  }
}
