import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';

/** What a tool answered to a call of this turn. */
export type ToolOutcome = { value: unknown } | { error: string };

/** A prompt as the offline model sees it. */
export interface Conversation {
  system: string;
  /** Everything said before the latest message of the user, oldest first. */
  earlier: readonly { role: 'user' | 'assistant'; text: string }[];
  latest: string;
  /** Results of the calls made since the latest message, in the order of the calls. */
  outcomes: ToolOutcome[];
}

export function readPrompt(prompt: LanguageModelV4Prompt): Conversation {
  const lastUser = prompt.findLastIndex(({ role }) => role === 'user');
  return {
    system: prompt.flatMap((message) => (message.role === 'system' ? [message.content] : [])).join('\n\n'),
    earlier: prompt.slice(0, Math.max(0, lastUser)).flatMap(spoken),
    latest: prompt.slice(lastUser).flatMap(spoken)[0]?.text ?? '',
    outcomes: prompt.slice(lastUser + 1).flatMap(outcomesOf),
  };
}

function spoken({ role, content }: LanguageModelV4Message): Conversation['earlier'] {
  if (role !== 'user' && role !== 'assistant') return [];
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  return text === '' ? [] : [{ role, text }];
}

function outcomesOf({ role, content }: LanguageModelV4Message): ToolOutcome[] {
  const results = role === 'tool' ? content.flatMap((part) => (part.type === 'tool-result' ? [part.output] : [])) : [];
  return results.map((output) => {
    if (output.type === 'execution-denied') return { error: output.reason ?? 'the call was not allowed' };
    if (!output.type.startsWith('error')) return { value: output.value };
    return { error: typeof output.value === 'string' ? output.value : JSON.stringify(output.value) };
  });
}
