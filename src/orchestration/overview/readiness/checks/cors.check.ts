import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings.js';
import { SelfCalls } from '../../self-calls.js';
import { fail, type Finding, pass, ReadinessCheck, warning } from '../readiness-check.js';

const STRANGER = 'https://stranger.invalid';

/** Sends a preflight from an origin that nobody allowed. */
@Injectable()
export class CorsReadiness extends ReadinessCheck {
  override readonly name = 'cors';

  constructor(
    private readonly settings: Settings,
    private readonly self: SelfCalls,
  ) {
    super();
  }

  override async look(): Promise<Finding> {
    const origins = this.settings.get('ALLOWED_ORIGINS');
    const { headers } = await this.self.ask('/api/v1/projects', {
      method: 'OPTIONS',
      headers: { origin: STRANGER, 'access-control-request-method': 'GET' },
    });
    const allowed = headers['access-control-allow-origin'] ?? null;
    const evidence = { allowed_origins: origins, stranger_is_allowed: allowed };
    if (allowed === STRANGER || allowed === '*')
      return fail(
        'Any page may call the API from a browser',
        evidence,
        'List the origins in ALLOWED_ORIGINS, without "*".',
      );
    const plain = origins.filter((origin) => !origin.startsWith('https://'));
    return plain.length === 0
      ? pass(
          origins.length === 0 ? 'No page of another origin may call the API' : 'Only the listed origins may',
          evidence,
        )
      : warning(`${plain.join(', ')} may call without TLS`, evidence, 'Use https:// origins in ALLOWED_ORIGINS.');
  }
}
