import { Injectable } from '@nestjs/common';
import type { Caller } from '../../health/check.js';
import { type CheckResult, Checks } from '../../health/checks.service.js';
import { Clock } from '../../shared/clock.js';
import { CachedReads } from '../../platform/async/cached-reads.js';
import type { ReadinessDto, ReadinessFindingDto } from './dto/overview.dto.js';

const MAXIMUM_AGE_MS = 5_000;
const URGENCY: ReadinessFindingDto['status'][] = ['fail', 'warning', 'pass'];

/** Whether this deployment is fit for production: `not_ready` with any fail, else `ready_with_warnings` with any warning. */
@Injectable()
export class ReadinessService {
  private readonly reads = new CachedReads({ fresh_ms: MAXIMUM_AGE_MS / 2, stale_ms: MAXIMUM_AGE_MS });

  constructor(
    private readonly checks: Checks,
    private readonly clock: Clock,
  ) {}

  /** At most five seconds old. A check that cannot run is a warning. The result is shared: do not modify it. */
  read(caller: Caller): Promise<ReadinessDto> {
    return this.reads.read(`${caller.secure} ${caller.org_id}`, () => this.run(caller));
  }

  private async run(caller: Caller): Promise<ReadinessDto> {
    const results = await this.checks.run('readiness', caller);
    const found = results.map((result) => [result.check.name, findingOf(result)] as const);
    const count = (status: ReadinessFindingDto['status']) => found.filter(([, one]) => one.status === status).length;
    const [passed, warnings, failed] = [count('pass'), count('warning'), count('fail')];
    return {
      overall_status: failed > 0 ? 'not_ready' : warnings > 0 ? 'ready_with_warnings' : 'production_ready',
      readiness_score: Math.round((passed / found.length) * 1000) / 10,
      checks: Object.fromEntries(found),
      summary: { total_checks: found.length, passed, warnings, failed },
      recommendations: [...found]
        .sort(([, a], [, b]) => URGENCY.indexOf(a.status) - URGENCY.indexOf(b.status))
        .flatMap(([name, { fix }]) => (fix === undefined ? [] : [`${name}: ${fix}`])),
      last_check: this.clock.timestamp(),
    };
  }
}

function findingOf({ check, finding, failure }: CheckResult): ReadinessFindingDto {
  if (!finding)
    return { status: 'warning', message: failure, evidence: {}, fix: 'Repair what the log names, then ask again.' };
  const { state, message, evidence, unfit } = finding;
  const severity = check.severity === 'warning' ? 'warning' : 'fail';
  if (state !== 'healthy') return { status: severity, message, evidence, fix: finding.fix ?? check.fix };
  if (unfit) return { status: unfit.severity ?? severity, message: unfit.message, evidence, fix: unfit.fix };
  return { status: 'pass', message, evidence };
}
