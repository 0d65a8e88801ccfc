import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings.js';
import { redacted } from '../../../../platform/observability/logging/redaction.js';
import { fail, type Finding, pass, ReadinessCheck, warning } from '../readiness-check.js';

const SAMPLE = { authorization: 'Bearer canary-canary', password: 'canary', nested: { api_key: 'canary' } };
const TALKATIVE = new Set(['trace', 'debug']);

/** JSON lines, at a level that a disk can hold, through a filter that is tried on a made-up secret. */
@Injectable()
export class LoggingReadiness extends ReadinessCheck {
  override readonly name = 'logging';

  constructor(private readonly settings: Settings) {
    super();
  }

  override async look(): Promise<Finding> {
    const level = this.settings.get('LOG_LEVEL');
    const isTerminal = this.settings.get('ENVIRONMENT') === 'development' && process.stdout.isTTY;
    const format = this.settings.get('LOG_FORMAT') ?? (isTerminal ? 'pretty' : 'json');
    const isRedacting = !JSON.stringify(redacted(SAMPLE)).includes('canary');
    const evidence = { level, format, redacts: isRedacting, file: this.settings.get('LOG_FILE') !== undefined };
    if (!isRedacting)
      return fail('Secrets would reach the log', evidence, 'Take the process off the network and report this.');
    if (format !== 'json') return fail('Lines are for people, not for programs', evidence, 'Set LOG_FORMAT=json.');
    if (level === 'silent') return fail('Nothing is logged', evidence, 'Set LOG_LEVEL=INFO.');
    if (TALKATIVE.has(level))
      return warning('The level is for finding faults, not for every day', evidence, 'Set LOG_LEVEL=INFO.');
    return pass('JSON lines without secrets', evidence);
  }
}
