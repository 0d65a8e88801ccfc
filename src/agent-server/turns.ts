import { randomUUID } from 'node:crypto';
import type { AgentDefinition } from '../runtimes/agent-definition.js';
import { AgentRunError } from '../runtimes/agent-run-error.js';
import type { AgentEvent, AgentRuntime } from '../runtimes/agent-runtime.js';
import { type InvocationBody, RefusedRequestError } from './invocation-request.js';
import { SessionMemory } from './session-memory.js';

const ORGANISATION = 'container';

/** Runs the turns of the agent and knows whether any is under way. */
export class Turns {
  private readonly memory = new SessionMemory();
  private underWay = 0;
  private changed_at = nowInSeconds();

  /** @param definition undefined: each call brings its own. */
  constructor(
    private readonly runtime: AgentRuntime,
    private readonly definition: AgentDefinition | undefined,
  ) {}

  /** As the contract words it; `time_of_last_update` is when the status became what it is, in Unix seconds. */
  ping(): { status: 'Healthy' | 'HealthyBusy'; time_of_last_update: number } {
    return { status: this.underWay > 0 ? 'HealthyBusy' : 'Healthy', time_of_last_update: this.changed_at };
  }

  /**
   * One turn; a quiet one need not tell what comes before its end. A caller that sends the history keeps the conversation itself; otherwise it is remembered here, by session.
   * @throws AgentRunError
   */
  async *run(
    body: InvocationBody,
    session_id: string | undefined,
    quiet: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<AgentEvent> {
    const { prompt: input, history, knowledge, session_state } = body;
    const definition = body.definition ?? this.definition;
    if (!definition) throw new RefusedRequestError(400, 'The body needs "definition"');
    this.count(1);
    try {
      const events = this.runtime.run({
        org_id: ORGANISATION,
        agent_id: definition.agent_name,
        session_id: session_id ?? randomUUID(),
        definition,
        input,
        history: history ?? (session_id === undefined ? [] : this.memory.recall(session_id)),
        ...(knowledge ? { knowledge } : {}),
        ...(session_state ? { session_state } : {}),
        quiet,
        signal,
      });
      for await (const event of events) {
        if (event.type === 'done' && history === undefined && session_id !== undefined)
          this.remember(definition, session_id, input, event.result.output);
        yield event;
      }
    } catch (error) {
      if (error instanceof AgentRunError) throw error;
      throw new AgentRunError(
        'runtime',
        'The agent failed for a reason that is in the log of its container.',
        [],
        undefined,
        error,
      );
    } finally {
      this.count(-1);
    }
  }

  private remember({ memory }: AgentDefinition, session_id: string, input: string, output: string): void {
    const turn = [
      { role: 'user' as const, content: input },
      { role: 'assistant' as const, content: output },
    ];
    this.memory.remember(session_id, turn, memory.max_messages);
  }

  private count(change: 1 | -1): void {
    const wasBusy = this.underWay > 0;
    this.underWay += change;
    if (wasBusy !== this.underWay > 0) this.changed_at = nowInSeconds();
  }
}

const nowInSeconds = (): number => Math.floor(Date.now() / 1000);
