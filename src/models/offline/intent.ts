import type { ConversationMemory } from './conversation-memory.js';

/** A tool that the request offers to the model. */
export interface OfferedTool {
  name: string;
  description: string;
  input_schema: unknown;
}

/** What a rule may look at: one sentence of the latest message (or all of it) and everything known about the conversation. */
export interface Turn {
  sentence: string;
  message: string;
  memory: ConversationMemory;
  tools: ReadonlyMap<string, OfferedTool>;
  persona: Persona;
}

export interface SpokenReply {
  text: string;
}

export interface ToolReply {
  tool: string;
  input: Record<string, unknown>;
  /** The answer, given what the tool returned. */
  phrase(output: Record<string, unknown>): string;
}

export type Reply = SpokenReply | ToolReply;

/** A rule of the offline model: answers what it recognises, and is undefined for everything else. Pure. */
export type Intent = (turn: Turn) => Reply | undefined;

/** A call of the tool, or an honest answer when this agent does not have it. */
export function withTool(turn: Turn, call: ToolReply): Reply {
  if (turn.tools.has(call.tool)) return call;
  return {
    text: `I would need the tool "${call.tool}" for that, and this agent does not have it, so I will not guess.`,
  };
}

/** Who the agent is, as far as its system prompt says so. */
interface Persona {
  name: string;
  role: string;
}

/** Reads the `Name:` and `Role:` lines that the runtime writes, else the first "You are ...". */
export function readPersona(system: string): Persona {
  const introduction = /\byou are (?:an? |the )?([^.\n]{1,200})/i.exec(system)?.[1]?.trim();
  const name = /^Name:[ \t]*(.{1,200})$/m.exec(system)?.[1]?.trim();
  const role = /^Role:[ \t]*(.{1,500})$/m.exec(system)?.[1]?.trim() ?? introduction;
  return { name: name ?? 'an assistant', role: withoutFullStop(role ?? 'a helpful assistant') };
}

/** One sentence in the first person. */
export function introduce({ name, role }: Persona): string {
  const known = /^(?:you are )?(.+)$/is.exec(role)?.[1] ?? role;
  return name === 'an assistant' ? `I am an assistant; my role: ${known}.` : `I am ${name}; my role: ${known}.`;
}

function withoutFullStop(text: string): string {
  return text.replace(/(?<![.\s])[.\s]+$/, '');
}
