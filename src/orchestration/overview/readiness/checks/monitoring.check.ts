import { Injectable } from '@nestjs/common';
import { SelfCalls } from '../../self-calls.js';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';

const NEEDED = ['http_requests_total', 'http_request_duration_seconds', 'nexus_ready', 'process_resident_memory_bytes'];

/** Asks for the metrics that alerts are made of. */
@Injectable()
export class MonitoringReadiness extends ReadinessCheck {
  override readonly name = 'monitoring';

  constructor(private readonly self: SelfCalls) {
    super();
  }

  override async look(): Promise<Finding> {
    const { status, text } = await this.self.ask('/health/metrics');
    const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const lacking = NEEDED.filter((name) => !names.has(name));
    const evidence = { asked: '/health/metrics', status, metrics: names.size, lacking };
    return status === 200 && lacking.length === 0
      ? pass(`${names.size} metrics can be scraped`, evidence)
      : fail('The metrics cannot be scraped', evidence, 'Let /health/metrics through to the platform.');
  }
}
