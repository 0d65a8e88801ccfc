import { DomainError, type DomainErrorOptions } from '../../shared/domain-error.js';
import type { Usage } from '../../shared/usage.js';
import type { StageArtifact } from './stage-runner.js';

/** What model calls took before the step failed; it counts all the same. */
export interface Spent {
  model: string | null;
  usage: Usage;
  cost_usd: number | null;
  tool_calls?: number;
}

export interface BuildFaultOptions extends DomainErrorOptions {
  transient?: boolean;
  spent?: Spent;
  /** What is worth keeping although the step failed. */
  artifacts?: StageArtifact[];
}

/** A step of a build cannot go on. `transient` says whether the same step may succeed when it is tried again. */
export class BuildFault extends DomainError {
  override readonly code = 'BUILD_ERROR' as const;
  readonly transient: boolean;
  readonly spent: Spent | undefined;
  readonly artifacts: readonly StageArtifact[];

  constructor(message: string, options: BuildFaultOptions = {}) {
    super(message, options);
    this.transient = options.transient ?? false;
    this.spent = options.spent;
    this.artifacts = options.artifacts ?? [];
  }
}
