import type { Clock } from '../../shared/clock.js';
import { NO_USAGE } from '../../shared/usage.js';
import {
  AgentRunError,
  type AgentRunFailure,
  type AgentEvent,
  type AgentRun,
  type AgentResult,
  type TraceStep,
} from '../agent-runtime.js';
import { RunDeadline } from '../local/run-bounds.js';
import {
  type ContainerMessage,
  messagesOf,
  type ContainerAnswer,
  OUTPUT_MAX_CHARACTERS,
  malformed,
  type ContainerEvent,
  eventOf,
} from './container-contract.js';
import { TraceRecorder } from '../local/run-events.js';

/** Makes one call and gives its answer as soon as the head is there. @throws AgentRunError for an answer that is a failure. */
export type ContainerCall = (signal: AbortSignal) => Promise<ContainerAnswer>;

/**
 * One turn of an agent in a container: its answer as events, within the time of the definition and the bounds of the
 * contract. Ending early, for whatever reason, closes the call.
 * @param model names what answered when the container does not say.
 */
export async function* containerRun(
  run: AgentRun,
  model: string,
  clock: Clock,
  call: ContainerCall,
): AsyncGenerator<AgentEvent> {
  const deadline = new RunDeadline(run.definition.limits.timeout_seconds, run.signal);
  const transcript = new ContainerTranscript(model, clock);
  try {
    deadline.signal.throwIfAborted();
    const messages = messagesOf(await deadline.within(call(deadline.signal)));
    yield* read(messages, transcript, deadline);
  } catch (error) {
    const { reason, message } = failureOf(error, deadline);
    const told = error instanceof AgentRunError && error.steps.length > 0 ? error.steps : undefined;
    const usage = error instanceof AgentRunError ? error.usage : NO_USAGE;
    throw new AgentRunError(reason, message, told ?? transcript.failed(message), usage, error);
  } finally {
    deadline.close();
  }
  yield { type: 'done', result: transcript.result() };
}

async function* read(
  messages: AsyncGenerator<ContainerMessage>,
  transcript: ContainerTranscript,
  deadline: RunDeadline,
): AsyncGenerator<AgentEvent> {
  while (!transcript.isDone) {
    const next = await deadline.within(messages.next());
    if (next.done === true) break;
    yield* transcript.read(next.value);
  }
  transcript.end();
}

function failureOf(error: unknown, deadline: RunDeadline): { reason: AgentRunFailure; message: string } {
  if (deadline.reached === 'timeout') return { reason: 'timeout', message: 'The agent did not finish in time.' };
  if (deadline.reached === 'cancelled') return { reason: 'cancelled', message: 'The run was cancelled.' };
  if (error instanceof AgentRunError) return { reason: error.reason, message: error.message };
  return { reason: 'unreachable', message: "The agent's container closed the connection before it responded." };
}

type Done = Extract<ContainerEvent, { type: 'done' }>;

/** Turns what a container says into the events of a run, and keeps what the result needs. */
class ContainerTranscript {
  private readonly trace: TraceRecorder;
  private readonly members = new Map<string, TraceRecorder>();
  private hasStarted = false;
  private output = '';
  private done: Done | undefined;

  constructor(
    private model: string,
    clock: Clock,
  ) {
    this.trace = new TraceRecorder(clock);
  }

  get isDone(): boolean {
    return this.done !== undefined;
  }

  /** @throws AgentRunError for a failure that the container tells of, and for what it must not say. */
  read(message: ContainerMessage): AgentEvent[] {
    const event = eventOf(message);
    if (event === undefined) return [];
    if (event.type === 'error') throw refusalOf(event);
    if (event.type === 'start' || (event.type === 'done' && event.model !== undefined)) this.model = event.model ?? '';
    return [...this.started(), ...this.heard(event)];
  }

  /** The answer is over. A stream without an end counts when it said something, since the contract names no last event. */
  end(): void {
    if (this.done) return;
    if (this.output === '')
      throw new AgentRunError('unreachable', "The agent's container ended its response without any content.");
  }

  result(): AgentResult {
    const { usage, cost_usd, steps } = this.done ?? {};
    return {
      output: this.output,
      model: this.model,
      usage: usage ?? NO_USAGE,
      cost_usd: cost_usd ?? null,
      steps: steps ?? this.trace.steps,
    };
  }

  /** The steps until the failure. */
  failed(message: string): TraceStep[] {
    this.trace.failOpen(message);
    return this.trace.steps;
  }

  private started(): AgentEvent[] {
    if (this.hasStarted) return [];
    this.hasStarted = true;
    return [{ type: 'start', model: this.model }];
  }

  private heard(event: Exclude<ContainerEvent, { type: 'error' }>): AgentEvent[] {
    switch (event.type) {
      case 'start':
        return [];
      case 'delta':
        return this.said(event.text);
      case 'tool_call':
        this.traceOf(event).toolStarted(event.call_id, event.tool, event.input);
        return [event];
      case 'tool_result':
        this.traceOf(event).toolFinished(
          event.call_id,
          event.error === undefined ? { output: event.output } : { error: event.error },
        );
        return [event];
      case 'done':
        this.done = event;
        return this.completed(event.output);
    }
  }

  private traceOf({ agent }: { agent?: string }): TraceRecorder {
    if (agent === undefined) return this.trace;
    const trace = this.members.get(agent) ?? this.trace.of(agent);
    this.members.set(agent, trace);
    return trace;
  }

  /** What the deltas have not said yet, so that they always add up to the output. */
  private completed(output: string): AgentEvent[] {
    if (!output.startsWith(this.output)) throw malformed('the parts of its response do not match the complete output');
    return this.said(output.slice(this.output.length));
  }

  private said(text: string): AgentEvent[] {
    if (text === '') return [];
    this.output += text;
    if (this.output.length > OUTPUT_MAX_CHARACTERS)
      throw malformed(`its response is longer than ${OUTPUT_MAX_CHARACTERS} characters`);
    return [{ type: 'delta', text }];
  }
}

function refusalOf({
  reason,
  message,
  steps,
  usage,
  cost_usd,
}: Extract<ContainerEvent, { type: 'error' }>): AgentRunError {
  const failure = new AgentRunError(reason, message, steps, usage);
  failure.cost_usd = cost_usd ?? null;
  return failure;
}
