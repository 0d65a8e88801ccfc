import { readFile } from 'node:fs/promises';
import { agentDefinitionSchema, type AgentDefinition } from '../runtimes/agent-definition.js';

/** What the server can serve: tools that are attached live in the platform's database, which it does not have. */
export const servedDefinitionSchema = agentDefinitionSchema.refine(
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
  const parsed = servedDefinitionSchema.safeParse(jsonOf(path, text));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'definition'}: ${issue.message}`);
  throw new AgentServerError(`${path} is not a valid agent definition:`, problems);
}

function jsonOf(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new AgentServerError(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
