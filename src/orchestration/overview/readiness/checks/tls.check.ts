import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings.js';
import { SelfCalls } from '../../self-calls.js';
import { fail, type Finding, pass, ReadinessCheck, type ReadinessContext, warning } from '../readiness-check.js';

/** TLS ends before the platform: whether the very request that asks came by it, and whether browsers are told to insist on it. */
@Injectable()
export class TlsReadiness extends ReadinessCheck {
  override readonly name = 'tls';

  constructor(
    private readonly settings: Settings,
    private readonly self: SelfCalls,
  ) {
    super();
  }

  override async look({ secure }: ReadinessContext): Promise<Finding> {
    const { headers } = await this.self.ask('/health');
    const hsts = headers['strict-transport-security'] ?? null;
    const proxies = this.settings.get('TRUSTED_PROXIES');
    const evidence = { request_by_tls: secure, strict_transport_security: hsts, trusted_proxies: proxies };
    if (hsts === null) return fail('Browsers are not told to insist on TLS', evidence, 'Set ENVIRONMENT=production.');
    if (!secure)
      return warning(
        'This request did not come by TLS, as far as can be told',
        evidence,
        proxies.length === 0
          ? 'End TLS in a proxy that sets X-Forwarded-Proto, and name its address in TRUSTED_PROXIES.'
          : 'Ask through the address that users have; if you did, let the proxy set X-Forwarded-Proto.',
      );
    return pass('Requests come by TLS, and browsers are told to insist on it', evidence);
  }
}
