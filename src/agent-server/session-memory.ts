import type { AgentRun } from '../runtimes/agent-runtime.js';

type Messages = AgentRun['history'];

const SESSIONS_MAX = 1_000;
const CHARACTERS_MAX = 32_000_000;

/** What was said in each session, in this process only: bounded in sessions and characters, the least recently used go first. */
export class SessionMemory {
  private readonly sessions = new Map<string, Messages>();
  private characters = 0;

  constructor(
    private readonly sessionsMax = SESSIONS_MAX,
    private readonly charactersMax = CHARACTERS_MAX,
  ) {}

  /** Oldest first. */
  recall(session_id: string): Messages {
    return [...(this.sessions.get(session_id) ?? [])];
  }

  /** Adds a turn and keeps the last `max` messages of the session. */
  remember(session_id: string, turn: Messages, max: number): void {
    if (max === 0) return;
    const messages = [...this.recall(session_id), ...turn].slice(-max);
    this.forget(session_id);
    this.sessions.set(session_id, messages);
    this.characters += lengthOf(messages);
    for (const oldest of this.sessions.keys()) {
      if (this.sessions.size <= this.sessionsMax && this.characters <= this.charactersMax) return;
      this.forget(oldest);
    }
  }

  private forget(session_id: string): void {
    this.characters -= lengthOf(this.sessions.get(session_id) ?? []);
    this.sessions.delete(session_id);
  }
}

const lengthOf = (messages: Messages): number => messages.reduce((sum, { content }) => sum + content.length, 0);
