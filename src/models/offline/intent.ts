import type { ConversationMemory } from './conversation-memory.js';
import type { Persona } from './persona.js';

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
