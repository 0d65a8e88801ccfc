import type { AgentRun } from '../agent-runtime.js';

/** The AgentCore HTTP contract: what a container of an agent must answer. See docs/runtimes.md. */
export const SESSION_HEADER = 'x-amzn-bedrock-agentcore-runtime-session-id';

/** AgentCore refuses shorter session ids. */
const SESSION_ID_MIN_LENGTH = 33;

/** What an answer may be at most, with its trace and the framing of its events. */
export const ANSWER_MAX_BYTES = 10 * 1024 * 1024;

/** What the record of an invocation holds. */
export const OUTPUT_MAX_CHARACTERS = 100_000;

/** Sessions are kept apart by this id, in the container and, on AgentCore, by a machine of their own. */
export function containerSessionId({ session_id }: Pick<AgentRun, 'session_id'>): string {
  return `nexus-session-${session_id}`.padEnd(SESSION_ID_MIN_LENGTH, '0').slice(0, 256);
}

/**
 * The body of a call. Any agent container reads `prompt`; the agent server also takes the conversation, which the platform
 * keeps, so that it does not depend on the memory of one container.
 */
export function payloadOf(run: AgentRun, withDefinition: boolean): string {
  const { input, history, knowledge, session_state, definition } = run;
  return JSON.stringify({
    prompt: input,
    history,
    ...(knowledge ? { knowledge } : {}),
    ...(session_state ? { session_state } : {}),
    ...(withDefinition ? { definition } : {}),
  });
}
