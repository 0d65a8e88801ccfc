import type { LanguageModelV4Usage } from '@ai-sdk/provider';
import type { ModelMessage } from 'ai';
import { memberTool } from '../agent-definition.js';
import { callUsage } from '../../models/model-provider.js';
import type { Usage } from '../../shared/usage.js';
import type { AgentEvent, HeldCall, HeldMember, HeldRun, TraceStep } from '../agent-runtime.js';
import type { CallerCall } from '../caller-request.js';
import type { RunBounds, RunSpending } from './run-bounds.js';
import type { Clock } from '../../shared/clock.js';

/** Thrown by a call of a member of the team whose own calls wait for approval. */
export class MemberHeldError extends Error {
  constructor(readonly member: Omit<HeldMember, 'step'>) {
    super(`${member.name} waits for approval`);
  }
}

/** The agent events of one run, and what its result needs: text, usage, trace. */
export class RunEvents {
  output = '';
  finishReason: string | undefined;
  private stepText = '';
  private calls: string[] = [];
  private modelCalls = 0;
  /** Calls of the caller's tools in the last model call. */
  callerCalls: CallerCall[] = [];
  /** Names of tools whose calls need approval. */
  heldTools: ReadonlySet<string> = new Set();
  /** Calls of the last model call that need approval. */
  private readonly heldCalls: HeldCall[] = [];
  /** Members of the team whose calls need approval. */
  private readonly heldMembers: HeldMember[] = [];
  /** What the model was sent and what followed, after the last model call. */
  transcript: ModelMessage[] = [];
  /** Events of tools that have answered and of members that work, not yet sent. */
  private readonly posted: AgentEvent[] = [];
  private wake: (() => void) | undefined;

  constructor(
    private readonly trace: TraceRecorder,
    private readonly model: string,
    private readonly bounds: RunBounds,
    private readonly spending: RunSpending,
    private readonly callerTools: ReadonlySet<string> = new Set(),
    private readonly oneCall = false,
    before?: HeldRun,
  ) {
    if (before) ({ output: this.output, model_calls: this.modelCalls } = before);
  }

  /** The run as it is held now. */
  held(instructions: string): HeldRun {
    const { transcript: messages, output, modelCalls: model_calls, heldMembers: members } = this;
    const { usage, models } = this.spending;
    const ofMembers = members.flatMap(({ call_id: parent, name: agent, held: { calls } }) =>
      calls.map((call) => ({ ...call, call_id: memberCallId(parent, call.call_id), agent })),
    );
    const calls = [...this.heldCalls, ...ofMembers];
    const below = members.length > 0 ? { members } : {};
    return { calls, ...below, instructions, messages, output, model_calls, usage, models, steps: this.trace.steps };
  }

  /** The text of the last model call. */
  get lastText(): string {
    return this.stepText;
  }

  /** The bound that the run has come to, in words; undefined while it may go on. */
  get boundReached(): string | undefined {
    return this.bounds.reached(this.modelCalls);
  }

  get usage(): Usage {
    return this.spending.usage;
  }

  get cost_usd(): number | null {
    return this.spending.cost_usd;
  }

  /** Calls of the last model call need approval: the run's own, or those of a member. */
  get isHolding(): boolean {
    return this.heldCalls.length + this.heldMembers.length > 0;
  }

  /** Sends events while a call of a tool lasts. */
  post(events: readonly AgentEvent[]): void {
    this.posted.push(...events);
    this.wake?.();
  }

  /** The events that were posted since the last call. */
  taken(): AgentEvent[] {
    return this.posted.length > 0 ? this.posted.splice(0) : [];
  }

  /** Yields what is posted while the work lasts. @returns what the work gives */
  async *during<T>(work: Promise<T>): AsyncGenerator<AgentEvent, T> {
    let isOver = false;
    const end = (): void => {
      isOver = true;
      this.wake?.();
    };
    void work.then(end, end);
    while (!isOver) {
      if (this.posted.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
      yield* this.taken();
    }
    yield* this.taken();
    return work;
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

  /** A member that was given a task waits for approval of its calls. Its call goes on when they are decided. */
  memberHeld(member: MemberHeldError['member']): void {
    this.heldMembers.push({ ...member, step: this.trace.toolPaused(member.call_id) });
  }

  /** A call of a member goes on after its approvals were decided. */
  memberResumed({ call_id, step }: HeldMember): void {
    this.trace.toolResumed(call_id, step);
  }

  /** Held calls beside calls of the caller are not made: the caller continues the conversation without them. */
  dropHeld(): AgentEvent[] {
    const failure = new Error('The call needs approval and cannot be made together with calls of the caller');
    const members = this.heldMembers.splice(0).flatMap((member) => {
      this.memberResumed(member);
      return this.toolFinished(member.call_id, memberTool(member), { failure });
    });
    const own = this.heldCalls
      .splice(0)
      .flatMap(({ call_id, tool, input }) => [
        ...this.toolStarted(call_id, tool, input),
        ...this.toolFinished(call_id, tool, { failure }),
      ]);
    return [...members, ...own];
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

  /** A model has answered. Its tokens count before the tools run that it asked for: members of the team spend from the same limits. */
  answered(used: LanguageModelV4Usage): void {
    this.spending.add(this.model, callUsage(used));
  }

  /** A model call has ended, and so have the calls of tools that it asked for. */
  stepFinished(used: LanguageModelV4Usage, finishReason: string, responded_ms: number): void {
    const usage = callUsage(used);
    this.finishReason = finishReason;
    this.trace.modelFinished(
      { text: this.stepText, tool_calls: this.calls, finish_reason: finishReason, usage },
      responded_ms,
    );
  }
}

/** The id of a member's call, unique among those of its supervisor and of other members. */
export const memberCallId = (parent: string, call_id: string): string => `${parent}.${call_id}`;

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface RecordedStep {
  step: TraceStep;
  startedAt: number;
  isOpen: boolean;
  recorder: TraceRecorder | undefined;
}

/** Collects the steps of one run, and of the members of its team, in the order in which they start. */
export class TraceRecorder {
  private all: RecordedStep[];
  private readonly tools = new Map<string, RecordedStep>();
  private model: RecordedStep | undefined;
  private agent: string | undefined;

  /** @param before the steps of the run before it was held */
  constructor(
    private readonly clock: Clock,
    before: readonly TraceStep[] = [],
  ) {
    this.all = before.map((step) => ({ step: { ...step }, startedAt: 0, isOpen: false, recorder: undefined }));
  }

  /** A recorder for one task of a member: its steps stand among these, under its name. */
  of(agent: string): TraceRecorder {
    const recorder = new TraceRecorder(this.clock);
    recorder.agent = agent;
    recorder.all = this.all;
    return recorder;
  }

  get steps(): TraceStep[] {
    return this.all.map(({ step }) => ({ ...step }));
  }

  modelStarted(name: string, input: unknown): void {
    this.model = this.open('model', name, input);
  }

  /** `durationMs` is the time spent waiting for the model, without the tools that ran meanwhile. */
  modelFinished(output: unknown, durationMs: number): void {
    if (this.model) {
      Object.assign(this.model.step, { output, duration_ms: Math.round(durationMs) });
      this.model.isOpen = false;
    }
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
    open.isOpen = false;
    return open.step.duration_ms;
  }

  /** The call waits. @returns the number of its step, for {@link toolResumed} */
  toolPaused(callId: string): number {
    const open = this.tools.get(callId);
    if (!open) throw new RangeError(`The call ${callId} is not open`);
    this.tools.delete(callId);
    open.isOpen = false;
    open.step.duration_ms = elapsed(open);
    return open.step.step;
  }

  /** The duration of the call does not count the time in which it waited. */
  toolResumed(callId: string, step: number): void {
    const paused = this.all[step - 1];
    if (!paused) throw new RangeError(`There is no step ${step}`);
    const startedAt = performance.now() - paused.step.duration_ms;
    this.tools.set(callId, Object.assign(paused, { startedAt, isOpen: true, recorder: this }));
  }

  /** Marks every step that is still open, when the run fails. The failure of a member leaves the steps of others open. */
  failOpen(error: string): void {
    for (const open of this.all) {
      if (!open.isOpen || (this.agent !== undefined && open.recorder !== this)) continue;
      Object.assign(open.step, { error, duration_ms: elapsed(open) });
      open.isOpen = false;
    }
  }

  private open(type: TraceStep['type'], name: string, input: unknown): RecordedStep {
    const step: TraceStep = {
      step: this.all.length + 1,
      ...(this.agent === undefined ? {} : { agent: this.agent }),
      type,
      name,
      input,
      started_at: this.clock.timestamp(),
      duration_ms: 0,
    };
    const open = { step, startedAt: performance.now(), isOpen: true, recorder: this };
    this.all.push(open);
    return open;
  }
}

function elapsed({ startedAt }: RecordedStep): number {
  return Math.round(performance.now() - startedAt);
}
