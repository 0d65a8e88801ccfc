import type { LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import type { ConversationMemory } from './conversation-memory.js';

/** A tool that the request offers to the model. */
export type OfferedTool = Pick<LanguageModelV4FunctionTool, 'name' | 'description' | 'inputSchema'>;

/** What a rule may look at: one sentence of the latest message (or all of it) and everything known about the conversation. */
export interface Turn {
  sentence: string;
  message: string;
  /** The instructions of the agent. */
  system: string;
  memory: ConversationMemory;
  tools: ReadonlyMap<string, OfferedTool>;
}

export interface ToolReply {
  tool: string;
  input: Record<string, unknown>;
  /** The answer, given what the tool returned. */
  phrase(output: Record<string, unknown>): string;
}

/** A rule of the offline model: answers what it recognises, by a text or a tool, and is undefined for everything else. Pure. */
export type Intent = (turn: Turn) => string | ToolReply | undefined;

/** A call of the tool, or an honest answer when this agent does not have it. */
export function withTool({ tools }: Turn, call: ToolReply): string | ToolReply {
  const refusal = `I would need the tool "${call.tool}" for that, and this agent does not have it, so I will not guess.`;
  return tools.has(call.tool) ? call : refusal;
}
