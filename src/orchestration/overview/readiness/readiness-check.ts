export interface Finding {
  status: 'pass' | 'warning' | 'fail';
  message: string;
  /** What was seen, so that the finding can be checked. */
  evidence: Record<string, unknown>;
  /** What to do about it; of everything but a pass. */
  fix?: string;
}

/** Whom a check is made for. */
export interface ReadinessContext {
  org_id: string;
  /** The request that asks came by TLS, directly or through a proxy that is trusted. */
  secure: boolean;
}

/** One thing that a deployment must have before it is given to users. Acts on the live process. */
export abstract class ReadinessCheck {
  /** As answers call it. */
  abstract readonly name: string;

  /** May throw: then the check counts as one that could not be made. Is given five seconds. */
  abstract look(context: ReadinessContext): Promise<Finding>;
}

export const pass = (message: string, evidence: Record<string, unknown>): Finding => ({
  status: 'pass',
  message,
  evidence,
});

export const warning = (message: string, evidence: Record<string, unknown>, fix: string): Finding => ({
  status: 'warning',
  message,
  evidence,
  fix,
});

export const fail = (message: string, evidence: Record<string, unknown>, fix: string): Finding => ({
  status: 'fail',
  message,
  evidence,
  fix,
});
