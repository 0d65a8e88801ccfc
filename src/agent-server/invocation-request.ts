import { readFile } from 'node:fs/promises';
import { agentDefinitionSchema, type AgentDefinition, knowledgeDocumentSchema } from '../runtimes/agent-definition.js';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';

/** What the server can serve: tools that are attached live in the platform's database, which it does not have. */
const servedDefinitionSchema = agentDefinitionSchema.refine(
  ({ tools }) => tools.every(({ kind }) => kind !== 'attached'),
  { path: ['tools'], message: 'attached tools can be used inside the platform only' },
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

export type InvocationBody = z.infer<typeof bodySchema> & {
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
  if (prompt === undefined) throw new RefusedRequestError(400, 'The body needs "prompt": a non-empty text');
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
