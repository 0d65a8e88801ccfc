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

type Injectable = abstract new (...args: never[]) => unknown;
type Instances<N extends readonly Injectable[]> = { -readonly [I in keyof N]: InstanceType<N[I]> };

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
  readonly needs: readonly Injectable[];
  /** Examines the live process. May throw; the check then counts as unknown. */
  readonly look: (needs: never, caller: Caller) => Finding | Promise<Finding>;
}

/** Defines a check whose `look` receives instances of the classes in `needs`. */
export function defineCheck<const N extends readonly Injectable[]>(
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
