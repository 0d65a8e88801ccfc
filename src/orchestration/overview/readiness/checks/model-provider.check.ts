import { Injectable } from '@nestjs/common';
import { ModelsService } from '../../../../models/models.service.js';
import { fail, type Finding, pass, ReadinessCheck, warning } from '../readiness-check.js';

/** A real language model whose calls do not fail. */
@Injectable()
export class ModelProviderReadiness extends ReadinessCheck {
  override readonly name = 'model_provider';

  constructor(private readonly models: ModelsService) {
    super();
  }

  override async look(): Promise<Finding> {
    const { id, provider } = this.models.describe();
    const evidence = { provider, model: id, circuit_breaker: this.models.state };
    if (provider === 'offline')
      return fail(
        'Agents speak through the rule-based offline model',
        evidence,
        'Set MODEL_PROVIDER and MODEL_ID, e.g. MODEL_PROVIDER=openai with OPENAI_BASE_URL; docs/models.md lists the rest.',
      );
    return this.models.state === 'closed'
      ? pass(`${provider}: ${id}`, evidence)
      : warning(
          `${provider} failed several times in a row`,
          evidence,
          'Look into the log for the fault of the provider; the breaker closes by itself when calls succeed.',
        );
  }
}
