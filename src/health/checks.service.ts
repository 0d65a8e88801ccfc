import { within } from '../platform/async/deadline.js';
import { Inject, Injectable, Logger, type OnModuleInit, ServiceUnavailableException } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { DatabaseUnavailableError } from '../shared/domain-error.js';

/** Where the result of a check is shown: `GET /health/ready`, `/health/detailed`, orchestration status and readiness. */
export type View = 'ready' | 'detailed' | 'status' | 'readiness';

export interface Finding {
  /** Whether the part works now. */
  state: 'healthy' | 'degraded' | 'unhealthy';
  message: string;
  /** The observed facts, so that a reader can verify the finding. */
  evidence: Record<string, unknown>;
  /** What to do about it, when it is more specific than the `fix` of the check. */
  fix?: string;
  /** The part works but must not go to production as it is; only readiness reports this. */
  unfit?: { message: string; fix: string; severity?: 'fail' | 'warning' };
  /** Replaces the state in `/health/detailed`. */
  label?: 'configured' | 'not_configured' | 'not_required';
}

/** The caller that readiness is computed for. Other views have no caller. */
export interface Caller {
  org_id: string;
  /** The request arrived over TLS, directly or through a trusted proxy. */
  secure: boolean;
}

type InjectableClass = abstract new (...args: never[]) => unknown;
type Instances<N extends readonly InjectableClass[]> = { -readonly [I in keyof N]: InstanceType<N[I]> };

/** One thing that the platform verifies about itself, and everything that follows from it. */
export interface Check {
  /** The key under which answers show the finding; unique within each view. */
  readonly name: string;
  readonly shown_in: readonly View[];
  /**
   * What a finding other than healthy means. `critical`: orchestration status is critical and readiness fails;
   * `fail`: status is degraded and readiness fails; `warning`: status is degraded and readiness warns.
   */
  readonly severity: 'critical' | 'fail' | 'warning';
  /** How to repair it, unless the finding says it more precisely. */
  readonly fix: string;
  readonly timeout_ms: number;
  /** The providers that `look` receives. */
  readonly needs: readonly InjectableClass[];
  /** Examines the live process. May throw; the check then counts as unknown. */
  readonly look: (needs: never, caller: Caller) => Finding | Promise<Finding>;
}

/** Defines a check whose `look` receives instances of the classes in `needs`. */
export function defineCheck<const N extends readonly InjectableClass[]>(
  check: Omit<Check, 'needs' | 'look'> & {
    needs: N;
    look: (needs: Instances<N>, caller: Caller) => Finding | Promise<Finding>;
  },
): Check {
  return check;
}

type Extras = Omit<Partial<Finding>, 'state' | 'message' | 'evidence'>;
const found =
  (state: Finding['state']) =>
  (message: string, evidence: Record<string, unknown> = {}, extras: Extras = {}): Finding => ({
    state,
    message,
    evidence,
    ...extras,
  });

export const healthy = found('healthy');
export const degraded = found('degraded');
export const unhealthy = found('unhealthy');

/** The injection token of the table of checks. */
export const CHECKS = Symbol('checks');
const NO_CALLER: Caller = { org_id: '', secure: false };

/** The result of one check. */
export interface CheckResult {
  check: Check;
  /** Undefined when the check timed out or threw; `failure` then says which. */
  finding: Finding | undefined;
  /** Why there is no finding; empty when there is one. */
  failure: string;
  latency_ms: number;
}

/** The process cannot serve requests now; details name the failing checks. Answered 503 with `Retry-After`. */
export class NotReadyError extends DatabaseUnavailableError {
  constructor(checks: Record<string, unknown>) {
    super('The platform is not ready', {
      details: { checks },
      suggestion: 'Retry when the failing check has recovered; each request runs the checks again.',
    });
  }
}

/** Runs the one table of checks that all views derive from: the Terminus probe, health details, status and readiness. */
@Injectable()
export class Checks implements OnModuleInit {
  private readonly logger = new Logger(Checks.name);
  private readonly needs = new Map<Check, unknown[]>();

  constructor(
    @Inject(CHECKS) private readonly table: readonly Check[],
    private readonly modules: ModuleRef,
    private readonly terminus: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** @throws Error when a view has two checks of one name, or a needed class has no provider */
  onModuleInit(): void {
    const names = this.table.flatMap(({ name, shown_in }) => shown_in.map((view) => `${view} ${name}`));
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    if (repeated) throw new Error(`Two checks have the same view and name: ${repeated}`);
    for (const check of this.table)
      this.needs.set(
        check,
        check.needs.map((need) => this.modules.get(need, { strict: false })),
      );
  }

  /** Runs the checks of a view at the same time, each within its time-out. Never rejects. */
  run(view: View, caller: Caller = NO_CALLER): Promise<CheckResult[]> {
    return Promise.all(this.of(view).map((check) => this.result(check, caller)));
  }

  /** @throws NotReadyError naming each check that keeps the process from serving requests */
  async assertReady(): Promise<void> {
    try {
      await this.terminus.check(this.of('ready').map((check) => () => this.indicate(check)));
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      throw new NotReadyError((error.getResponse() as { error?: Record<string, unknown> }).error ?? {});
    }
  }

  /** Whether `GET /health/ready` would answer 200. */
  async isReady(): Promise<boolean> {
    return (await this.run('ready')).every(({ finding }) => finding?.state === 'healthy');
  }

  private of(view: View): Check[] {
    return this.table.filter(({ shown_in }) => shown_in.includes(view));
  }

  private async indicate(check: Check) {
    const { finding, failure } = await this.result(check, NO_CALLER);
    const indicator = this.indicators.check(check.name);
    const message = finding?.message ?? failure;
    return finding?.state === 'healthy' ? indicator.up({ message }) : indicator.down({ message });
  }

  private async result(check: Check, caller: Caller): Promise<CheckResult> {
    const started = performance.now();
    const outcome = await this.look(check, caller);
    const found =
      typeof outcome === 'string' ? { finding: undefined, failure: outcome } : { finding: outcome, failure: '' };
    return { check, ...found, latency_ms: Math.round((performance.now() - started) * 100) / 100 };
  }

  private async look(check: Check, caller: Caller): Promise<Finding | string> {
    try {
      const late = `The check did not finish within ${check.timeout_ms / 1000} seconds`;
      return await within(check.timeout_ms, check.look((this.needs.get(check) ?? []) as never, caller), late);
    } catch (error) {
      this.logger.warn({ msg: 'a check failed to run', check: check.name, err: error });
      return 'The check failed to run; see the log';
    }
  }
}
