import type { LanguageModelV4Message, LanguageModelV4Prompt, LanguageModelV4ToolResultOutput } from '@ai-sdk/provider';

export interface SpokenMessage {
  role: 'user' | 'assistant';
  text: string;
}

/** What a tool answered to a call of this turn. */
export type ToolOutcome = { ok: true; value: unknown } | { ok: false; error: string };

/** A prompt as the offline model sees it. */
export interface Conversation {
  system: string;
  /** Everything said before the latest message of the user, oldest first. */
  earlier: SpokenMessage[];
  latest: string;
  /** Results of the calls made since the latest message, in the order of the calls. */
  outcomes: ToolOutcome[];
}

export function readPrompt(prompt: LanguageModelV4Prompt): Conversation {
  const lastUser = prompt.findLastIndex(({ role }) => role === 'user');
  const latest = prompt[lastUser];
  return {
    system: prompt.flatMap((message) => (message.role === 'system' ? [message.content] : [])).join('\n\n'),
    earlier: prompt.slice(0, Math.max(0, lastUser)).flatMap(spoken),
    latest: latest ? textOf(latest) : '',
    outcomes: prompt.slice(lastUser + 1).flatMap(outcomesOf),
  };
}

function spoken(message: LanguageModelV4Message): SpokenMessage[] {
  if (message.role !== 'user' && message.role !== 'assistant') return [];
  const text = textOf(message);
  return text === '' ? [] : [{ role: message.role, text }];
}

function textOf(message: LanguageModelV4Message): string {
  if (typeof message.content === 'string') return message.content;
  return message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

function outcomesOf(message: LanguageModelV4Message): ToolOutcome[] {
  if (message.role !== 'tool') return [];
  return message.content.flatMap((part) => (part.type === 'tool-result' ? [outcomeOf(part.output)] : []));
}

function outcomeOf(output: LanguageModelV4ToolResultOutput): ToolOutcome {
  switch (output.type) {
    case 'text':
    case 'json':
    case 'content':
      return { ok: true, value: output.value };
    case 'error-text':
      return { ok: false, error: output.value };
    case 'error-json':
      return { ok: false, error: JSON.stringify(output.value) };
    case 'execution-denied':
      return { ok: false, error: output.reason ?? 'the call was not allowed' };
  }
}
