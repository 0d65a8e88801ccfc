import { Injectable } from '@nestjs/common';
import { SelfCalls } from '../../self-calls.js';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';

const EXPECTED: Readonly<Record<string, RegExp>> = {
  'content-security-policy': /default-src 'self'.*frame-ancestors 'none'/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'permissions-policy': /camera=\(\)/,
};

/** Asks the process itself, as a client would. */
@Injectable()
export class SecurityHeadersReadiness extends ReadinessCheck {
  override readonly name = 'security_headers';

  constructor(private readonly self: SelfCalls) {
    super();
  }

  override async look(): Promise<Finding> {
    const { headers, status } = await this.self.ask('/health');
    const lacking = Object.entries(EXPECTED).flatMap(([name, value]) =>
      value.test(String(headers[name] ?? '')) ? [] : [name],
    );
    const evidence = { asked: '/health', status, lacking, x_powered_by: headers['x-powered-by'] ?? null };
    return lacking.length === 0 && headers['x-powered-by'] === undefined
      ? pass('Every answer carries the security headers', evidence)
      : fail(
          `Answers lack ${lacking.join(', ')}`,
          evidence,
          'Let nothing between the platform and its clients take headers away.',
        );
  }
}
