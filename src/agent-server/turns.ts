import { readFile } from 'node:fs/promises';
import { agentDefinitionSchema, type AgentDefinition, knowledgeDocumentSchema } from '../runtimes/agent-definition.js';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { randomUUID } from 'node:crypto';
import { AgentRunError, type AgentEvent, type AgentRuntime, type AgentRun } from '../runtimes/agent-runtime.js';

/** What the server can serve: tools that are attached live in the platform's database, which it does not have. */
const servedDefinitionSchema = agentDefinitionSchema.refine(
  ({ tools }) => tools.every(({ kind }) => kind !== 'attached'),
  { path: ['tools'], message: 'attached tools work only inside the platform' },
);

/** The server cannot start; the message is shown to the operator. */
export class AgentServerError extends Error {
  constructor(message: string, problems: readonly string[] = []) {
    super([message, ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.name = 'AgentServerError';
  }
}

/** An exported `agent.json`. @throws AgentServerError that names everything that is wrong with it. */
export async function readDefinition(path: string): Promise<AgentDefinition> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new AgentServerError(`${path} could not be read (${error.code ?? error.message})`);
  });
  const parsed = servedDefinitionSchema.safeParse(jsonIn(path, text));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'definition'}: ${issue.message}`);
  throw new AgentServerError(`${path} is not a valid agent definition:`, problems);
}

function jsonIn(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new AgentServerError(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A request that is not answered by the agent; `status` is the answer's. */
export class RefusedRequestError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'RefusedRequestError';
  }
}

const text = z
  .string()
  .max(1_000_000)
  .refine((value) => value.trim() !== '', 'must not be empty');

const bodySchema = z.object({
  prompt: text.optional(),
  input: text.optional(),
  input_text: text.optional(),
  history: z
    .array(z.object({ role: z.enum(['user', 'assistant', 'system']), content: z.string() }))
    .max(2_000)
    .optional(),
  knowledge: z.array(knowledgeDocumentSchema).max(100).optional(),
  session_state: z.record(z.string(), z.unknown()).optional(),
});

const bodyWithDefinition = bodySchema.extend({ definition: servedDefinitionSchema });

type InvocationBody = z.infer<typeof bodySchema> & {
  prompt: string;
  definition?: z.infer<typeof servedDefinitionSchema>;
};

/** The body of a call. @throws RefusedRequestError 400 or 413 */
export async function readInvocation(
  request: IncomingMessage,
  maxBytes: number,
  withDefinition: boolean,
): Promise<InvocationBody> {
  const parsed = (withDefinition ? bodyWithDefinition : bodySchema).safeParse(
    jsonOf(await readBody(request, maxBytes)),
  );
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
    throw new RefusedRequestError(400, `The body is not valid: ${problems.slice(0, 5).join('; ')}`);
  }
  const prompt = parsed.data.prompt ?? parsed.data.input ?? parsed.data.input_text;
  if (prompt === undefined) throw new RefusedRequestError(400, 'The body needs "prompt", a non-empty string');
  return { ...parsed.data, prompt };
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = () => new RefusedRequestError(413, `The body is larger than ${maxBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new RefusedRequestError(400, 'The body is not JSON');
  }
}

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
      throw new AgentRunError('runtime', 'The agent failed; see the log of its container.', [], undefined, error);
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
