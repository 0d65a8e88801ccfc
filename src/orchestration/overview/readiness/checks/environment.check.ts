import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings.js';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';

/** In production the platform refuses to start without what the other environments make up. */
@Injectable()
export class EnvironmentReadiness extends ReadinessCheck {
  override readonly name = 'environment';

  constructor(private readonly settings: Settings) {
    super();
  }

  override async look(): Promise<Finding> {
    const evidence = { environment: this.settings.get('ENVIRONMENT') };
    return this.settings.isProduction
      ? pass('Runs with the rules of production', evidence)
      : fail('Runs with the rules of development', evidence, 'Set ENVIRONMENT=production.');
  }
}
