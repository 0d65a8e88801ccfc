import { ValidationError } from '../shared/domain-error.js';
import type { AgentRuntime, RuntimeKind } from './agent-runtime.js';

/** The runtimes that this process can use, by kind. */
export class Runtimes {
  private readonly byKind: ReadonlyMap<RuntimeKind, AgentRuntime>;

  constructor(runtimes: readonly AgentRuntime[]) {
    this.byKind = new Map(runtimes.map((runtime) => [runtime.kind, runtime]));
  }

  /** Throws {@link ValidationError} for a kind that is not set up here. */
  get(kind: RuntimeKind): AgentRuntime {
    const runtime = this.byKind.get(kind);
    if (!runtime)
      throw ValidationError.field(
        'runtime',
        `"${kind}" is not set up; available: ${[...this.byKind.keys()].join(', ')}`,
      );
    return runtime;
  }

  kinds(): RuntimeKind[] {
    return [...this.byKind.keys()];
  }
}
