import { Injectable } from '@nestjs/common';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import { Clock } from '../../shared/clock.js';
import { ValidationError } from '../../shared/domain-error.js';
import type { ProbeOutcome } from './watches.repository.js';

/** Polls the health address of a partner. Any 2xx means up; the body is never read. */
@Injectable()
export class HealthUrlProbe {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly clock: Clock,
  ) {}

  /** @throws ValidationError naming `probe.health_url` for an address that the platform must not call */
  async check(health_url: string): Promise<void> {
    try {
      await this.outgoing.checkResolved(health_url);
    } catch (error) {
      if (!(error instanceof OutgoingRefusedError)) throw error;
      throw ValidationError.field('probe.health_url', error.message.replace(/^url /, ''));
    }
  }

  async ask(url: string, timeout_ms: number, signal: AbortSignal): Promise<ProbeOutcome> {
    const probed_at = this.clock.timestamp();
    const started = performance.now();
    const { up, reason } = await this.answer(url, timeout_ms, signal);
    return { up, reason, probed_at, duration_ms: performance.now() - started };
  }

  private async answer(url: string, timeout_ms: number, signal: AbortSignal) {
    try {
      const fetch = this.outgoing.guardedFetch({ timeout_ms });
      const response = await fetch(url, { headers: { 'user-agent': 'nexus-probe', accept: '*/*' }, signal });
      await response.body?.cancel();
      return { up: response.ok, reason: `answered ${response.status}` };
    } catch (error) {
      if (error instanceof OutgoingRefusedError) return { up: null, reason: `not called: ${error.message}` };
      if (error instanceof OutgoingFailedError && error.reason === 'aborted') return { up: null, reason: 'given up' };
      return { up: false, reason: error instanceof OutgoingFailedError ? error.message : 'The call failed' };
    }
  }
}
