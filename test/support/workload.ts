import fc from 'fast-check';
import type { Answer, HttpClient } from './http.js';

const MOVES = ['open', 'say', 'note', 'ask', 'leave'] as const;

export interface Move {
  kind: (typeof MOVES)[number];
  /** Which agent or session, modulo how many there are. */
  which: number;
  text: string;
}

/** Random histories of what callers do with agents. */
export const histories = (maxLength: number): fc.Arbitrary<Move[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom(...MOVES),
      which: fc.nat(20),
      text: fc.oneof(
        fc.constantFrom('What is 6 * 7?', 'Hello!', '1 / 0 = ?'),
        fc.string({ minLength: 1, maxLength: 60 }),
      ),
    }),
    { minLength: 1, maxLength },
  );

/** Does what a history says, over HTTP, and keeps what it made. */
export class Workload {
  readonly sessions: string[] = [];
  readonly answers: Answer[] = [];
  messages = 0;
  runs = 0;

  /** @param agents their paths under the API */
  constructor(
    private readonly http: HttpClient,
    private readonly agents: readonly string[],
  ) {}

  async make({ kind, which, text }: Move): Promise<void> {
    const agent = this.agents[which % this.agents.length] ?? '';
    const session = this.sessions[which % Math.max(1, this.sessions.length)];
    if (kind === 'open') return this.open(agent);
    if (kind === 'ask') return this.ask(agent, text);
    if (session === undefined) return undefined;
    if (kind === 'leave') return this.leave(session);
    return this.say(session, text, kind === 'note' ? 'system' : 'user');
  }

  /** Id of each record that was made, as often as one was answered as new. */
  get made(): string[] {
    return this.answers.flatMap(({ data: { message_id, user_message_id, invocation_id, session_id } }) => {
      const isSession = message_id === undefined && invocation_id === undefined;
      const ids = [message_id, user_message_id, invocation_id, isSession ? session_id : undefined];
      return ids.filter((id) => typeof id === 'string');
    });
  }

  private async open(agent: string): Promise<void> {
    const answer = await this.kept(this.http.post(`${agent}/sessions`, {}));
    this.sessions.push(String(answer.data['session_id']));
  }

  private async ask(agent: string, input_text: string): Promise<void> {
    await this.kept(this.http.post(`${agent}/invoke`, { input_text }));
    this.runs++;
  }

  private async say(session: string, content: string, role: 'user' | 'system'): Promise<void> {
    await this.kept(this.http.post(`/api/v1/sessions/${session}/messages`, { content, role }));
    this.messages += role === 'user' ? 2 : 1;
    if (role === 'user') this.runs++;
  }

  private async leave(session: string): Promise<void> {
    await this.kept(this.http.delete(`/api/v1/sessions/${session}`));
    this.sessions.splice(this.sessions.indexOf(session), 1);
  }

  private async kept(asked: Promise<Answer>): Promise<Answer> {
    const answer = await asked;
    if (answer.status >= 300) throw new Error(`${answer.status}: ${JSON.stringify(answer.error)}`);
    this.answers.push(answer);
    return answer;
  }
}
