import type { Clock } from '../../shared/clock.js';
import type { TraceStep } from '../agent-runtime.js';

interface OpenStep {
  step: TraceStep;
  startedAt: number;
}

/** Collects the steps of one run in the order in which they start. */
export class TraceRecorder {
  private readonly all: OpenStep[] = [];
  private readonly tools = new Map<string, OpenStep>();
  private model: OpenStep | undefined;

  constructor(private readonly clock: Clock) {}

  get steps(): TraceStep[] {
    return this.all.map(({ step }) => ({ ...step }));
  }

  modelStarted(name: string, input: unknown): void {
    this.model = this.open('model', name, input);
  }

  /** `durationMs` is the time spent waiting for the model, without the tools that ran meanwhile. */
  modelFinished(output: unknown, durationMs: number): void {
    if (this.model) Object.assign(this.model.step, { output, duration_ms: Math.round(durationMs) });
    this.model = undefined;
  }

  toolStarted(callId: string, name: string, input: unknown): void {
    this.tools.set(callId, this.open('tool', name, input));
  }

  /** The duration in milliseconds. */
  toolFinished(callId: string, outcome: { output: unknown } | { error: string }): number {
    const open = this.tools.get(callId);
    if (!open) return 0;
    this.tools.delete(callId);
    Object.assign(open.step, outcome, { duration_ms: elapsed(open) });
    return open.step.duration_ms;
  }

  /** Marks every step that is still open, when the run fails. */
  failOpen(error: string): void {
    for (const open of [...(this.model ? [this.model] : []), ...this.tools.values()]) {
      Object.assign(open.step, { error, duration_ms: elapsed(open) });
    }
  }

  private open(type: TraceStep['type'], name: string, input: unknown): OpenStep {
    const step: TraceStep = {
      step: this.all.length + 1,
      type,
      name,
      input,
      started_at: this.clock.timestamp(),
      duration_ms: 0,
    };
    const open = { step, startedAt: performance.now() };
    this.all.push(open);
    return open;
  }
}

function elapsed({ startedAt }: OpenStep): number {
  return Math.round(performance.now() - startedAt);
}
