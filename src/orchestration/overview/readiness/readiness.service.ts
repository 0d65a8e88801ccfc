import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { FreshReads } from '../../../shared/fresh-reads.js';
import type { ReadinessDto } from '../dto/readiness.dto.js';
import { type Finding, ReadinessCheck, type ReadinessContext, warning } from './readiness-check.js';

/** So old may an answer be: a thousand callers a second cost one round of checks. */
const OLDEST_MS = 5_000;
const PATIENCE_MS = 5_000;

/** Whether this deployment can be given to users: any fail is not_ready, any warning ready_with_warnings. */
@Injectable()
export class ReadinessService {
  private readonly logger = new Logger(ReadinessService.name);
  private readonly reads = new FreshReads(OLDEST_MS);

  constructor(
    private readonly checks: readonly ReadinessCheck[],
    private readonly clock: Clock,
  ) {}

  /** Never fails: a check that cannot be made is a warning. Shared: never change it. */
  read(context: ReadinessContext): Promise<ReadinessDto> {
    return this.reads.read(`${context.secure} ${context.org_id}`, () => this.run(context));
  }

  private async run(context: ReadinessContext): Promise<ReadinessDto> {
    const found = await Promise.all(
      this.checks.map(async (check) => [check.name, await this.findingOf(check, context)] as const),
    );
    const count = (status: Finding['status']): number => found.filter(([, one]) => one.status === status).length;
    const [passed, warnings, failed] = [count('pass'), count('warning'), count('fail')];
    return {
      overall_status: failed > 0 ? 'not_ready' : warnings > 0 ? 'ready_with_warnings' : 'production_ready',
      readiness_score: Math.round((passed / found.length) * 1000) / 10,
      checks: Object.fromEntries(found),
      summary: { total_checks: found.length, passed, warnings, failed },
      recommendations: [...found]
        .sort(([, a], [, b]) => urgency(a) - urgency(b))
        .flatMap(([name, { fix }]) => (fix === undefined ? [] : [`${name}: ${fix}`])),
      last_check: this.clock.timestamp(),
    };
  }

  private async findingOf(check: ReadinessCheck, context: ReadinessContext): Promise<Finding> {
    const patience = new AbortController();
    const late = delay(PATIENCE_MS, undefined, { signal: patience.signal, ref: false }).then(() =>
      unknown('took too long'),
    );
    late.catch(() => undefined);
    try {
      return await Promise.race([check.look(context), late]);
    } catch (error) {
      this.logger.warn({ msg: 'A readiness check could not be made', check: check.name, err: error });
      return unknown('failed; the log says why');
    } finally {
      patience.abort();
    }
  }
}

function unknown(what: string): Finding {
  return warning(`The check ${what}, so nothing is known`, {}, 'Look into the log, mend what it names and ask again.');
}

/** What fails comes first. */
const urgency = ({ status }: Finding): number => ['fail', 'warning', 'pass'].indexOf(status);
