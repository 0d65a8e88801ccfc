import type { LanguageModelV4Usage } from '@ai-sdk/provider';
import type { ModelMessage } from 'ai';
import { callUsage } from '../../models/model-provider.js';
import { addUsage, NO_USAGE, type Usage } from '../../shared/usage.js';
import type { AgentEvent, HeldCall, HeldRun, TraceStep } from '../agent-runtime.js';
import type { CallerCall } from '../caller-request.js';
import type { RunBounds } from './run-bounds.js';
import type { Clock } from '../../shared/clock.js';

/** The agent events of one run, and what its result needs: text, usage, trace. */
export class RunEvents {
  output = '';
  usage: Usage = NO_USAGE;
  finishReason: string | undefined;
  private stepText = '';
  private calls: string[] = [];
  private modelCalls = 0;
  /** Calls of the caller's tools in the last model call. */
  callerCalls: CallerCall[] = [];
  /** Names of tools whose calls need approval. */
  heldTools: ReadonlySet<string> = new Set();
  /** Calls of the last model call that need approval. */
  heldCalls: HeldCall[] = [];
  /** What the model was sent and what followed, after the last model call. */
  transcript: ModelMessage[] = [];

  constructor(
    private readonly trace: TraceRecorder,
    private readonly model: string,
    private readonly bounds: RunBounds,
    private readonly callerTools: ReadonlySet<string> = new Set(),
    private readonly oneCall = false,
    before?: HeldRun,
  ) {
    if (before) ({ output: this.output, usage: this.usage, model_calls: this.modelCalls } = before);
  }

  /** The run as it is held now. */
  held(instructions: string): HeldRun {
    const { heldCalls: calls, transcript: messages, output, modelCalls: model_calls, usage } = this;
    return { calls, instructions, messages, output, model_calls, usage, steps: this.trace.steps };
  }

  /** The text of the last model call. */
  get lastText(): string {
    return this.stepText;
  }

  /** The bound that the run has come to, in words; undefined while it may go on. */
  get boundReached(): string | undefined {
    return this.bounds.reached(this.modelCalls, this.usage);
  }

  get cost_usd(): number | null {
    return this.bounds.costOf(this.usage);
  }

  /** A model call starts. */
  begin(): void {
    this.modelCalls += 1;
    this.stepText = '';
    this.calls = [];
    this.trace.modelStarted(this.model, { model_call: this.modelCalls });
  }

  toolStarted(callId: string, tool: string, input: unknown): AgentEvent[] {
    this.calls.push(tool);
    this.trace.toolStarted(callId, tool, input);
    return [{ type: 'tool_call', call_id: callId, tool, input }];
  }

  isCallers(tool: string): boolean {
    return this.callerTools.has(tool);
  }

  callerCalled(call: { toolCallId: string; toolName: string; input: unknown }): AgentEvent[] {
    if (this.oneCall && this.callerCalls.length > 0) return [];
    const { toolCallId: call_id, toolName: tool } = call;
    const called = { call_id, tool, arguments: JSON.stringify(call.input ?? {}) };
    this.calls.push(tool);
    this.callerCalls.push(called);
    return [{ type: 'caller_call', ...called }];
  }

  isHeld(tool: string): boolean {
    return this.heldTools.has(tool);
  }

  callHeld({
    toolCallId: call_id,
    toolName: tool,
    input,
  }: {
    toolCallId: string;
    toolName: string;
    input: unknown;
  }): [] {
    this.calls.push(tool);
    this.heldCalls.push({ call_id, tool, input });
    return [];
  }

  /** Held calls beside calls of the caller are not made: the caller continues the conversation without them. */
  dropHeld(): AgentEvent[] {
    const failure = new Error('The call needs approval and cannot be made together with calls of the caller');
    return this.heldCalls
      .splice(0)
      .flatMap(({ call_id, tool, input }) => [
        ...this.toolStarted(call_id, tool, input),
        ...this.toolFinished(call_id, tool, { failure }),
      ]);
  }

  /** Texts of several model calls are kept apart, so that the deltas put together are the output. */
  text(delta: string): AgentEvent[] {
    if (delta === '') return [];
    const separator = this.stepText === '' && this.output !== '' ? '\n\n' : '';
    this.stepText += delta;
    this.output += separator + delta;
    return [{ type: 'delta', text: separator + delta }];
  }

  /** `failure` is what the tool threw. */
  toolFinished(callId: string, tool: string, result: { output: unknown } | { failure: unknown }): AgentEvent[] {
    const outcome = 'failure' in result ? { error: messageOf(result.failure) } : result;
    const duration_ms = this.trace.toolFinished(callId, outcome);
    return [{ type: 'tool_result', call_id: callId, tool, ...outcome, duration_ms }];
  }

  /** A model call has ended, and so have the calls of tools that it asked for. */
  stepFinished(used: LanguageModelV4Usage, finishReason: string, responded_ms: number): void {
    const usage = callUsage(used);
    this.usage = addUsage(this.usage, usage);
    this.finishReason = finishReason;
    this.trace.modelFinished(
      { text: this.stepText, tool_calls: this.calls, finish_reason: finishReason, usage },
      responded_ms,
    );
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface OpenStep {
  step: TraceStep;
  startedAt: number;
}

/** Collects the steps of one run in the order in which they start. */
export class TraceRecorder {
  private readonly all: OpenStep[];
  private readonly tools = new Map<string, OpenStep>();
  private model: OpenStep | undefined;

  /** @param before the steps of the run before it was held */
  constructor(
    private readonly clock: Clock,
    before: readonly TraceStep[] = [],
  ) {
    this.all = before.map((step) => ({ step, startedAt: 0 }));
  }

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
