import type { Clock } from '../../shared/clock.js';
import { NO_USAGE } from '../../shared/usage.js';
import { AgentRunError, type AgentRunFailure } from '../agent-run-error.js';
import type { AgentEvent, AgentRun } from '../agent-runtime.js';
import { RunDeadline } from '../local/run-deadline.js';
import { type ContainerMessage, messagesOf } from './container-messages.js';
import type { ContainerAnswer } from './container-messages.js';
import { ContainerTranscript } from './container-transcript.js';

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
  return { reason: 'unreachable', message: "The agent's container went away before it had answered." };
}
