import { ValidationError } from '../shared/domain-error.js';

/** Part of a user's message. `url` is an https address, which the model's provider reads, or a `data:` URL. */
export type MessagePart = { type: 'text'; text: string } | { type: 'image'; url: string };

/** A call of a tool that the caller runs itself. `arguments` is JSON. */
export interface CallerCall {
  call_id: string;
  tool: string;
  arguments: string;
}

/** One message of a conversation. `content` is its text; `parts` hold the same text with the images between. */
export interface ConversationMessage {
  role: 'user' | 'assistant' | 'system' | 'tool';
  content: string;
  /** Of a user's message with images. */
  parts?: MessagePart[];
  /** Of an assistant's message. */
  calls?: CallerCall[];
  /** Of a tool's message: the call that it answers. */
  call_id?: string;
}

/** A tool that the caller runs itself. A call of it ends the run; the caller continues with the result. */
export interface CallerTool {
  name: string;
  description?: string | undefined;
  /** JSON Schema of the input. */
  input_schema: Record<string, unknown>;
}

/** What a caller sets for one run, beyond the input. */
export interface CallOptions {
  /** Added to the agent's own instructions. */
  instructions?: string | undefined;
  tools?: CallerTool[] | undefined;
  /** Of the first model call: a name requires this tool of the caller. */
  tool_choice?: 'auto' | 'none' | 'required' | { name: string } | undefined;
  /** At most one call of the caller's tools in an answer. */
  one_call?: boolean | undefined;
  /** The answer is one JSON value of this schema; without a schema, one JSON object. */
  answer_format?: { name: string; description?: string | undefined; schema?: Record<string, unknown> } | undefined;
  temperature?: number | undefined;
  top_p?: number | undefined;
  presence_penalty?: number | undefined;
  frequency_penalty?: number | undefined;
  seed?: number | undefined;
  stop?: string[] | undefined;
  /** An answer that is cut off here is a success with `finish_reason` length. Never above the agent's own limit. */
  max_output_tokens?: number | undefined;
}

/** Why an answer ended: `length` at the caller's `max_output_tokens`, `tool_calls` with calls of the caller's tools. */
export const FINISH_REASONS = ['stop', 'length', 'tool_calls'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/** Whether a conversation holds an image. */
export function imagesIn(messages: readonly ConversationMessage[]): string[] {
  return messages.flatMap(({ parts = [] }) => parts.flatMap((part) => (part.type === 'image' ? [part.url] : [])));
}

/**
 * Checks that every call has its result right behind it, as every model provider requires.
 * @throws ValidationError for the field `messages`
 */
export function assertAnswered(messages: readonly ConversationMessage[]): void {
  let open = new Set<string>();
  for (const { role, calls, call_id = '' } of messages) {
    if (role === 'tool') {
      if (!open.delete(call_id))
        throw ValidationError.field(
          'messages',
          `has a result for the call "${call_id}", which is unknown or already has a result`,
        );
      continue;
    }
    assertNone(open);
    open = new Set(calls?.map((call) => call.call_id));
  }
  assertNone(open);
}

function assertNone(open: ReadonlySet<string>): void {
  if (open.size > 0) throw ValidationError.field('messages', `has no result for the calls ${[...open].join(', ')}`);
}
