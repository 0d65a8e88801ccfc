import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import { ModelError } from '../model-error.js';
import { readStructuredInput } from '../structured-prompt.js';
import type { OfflineWriters } from './offline-writers.js';
import { readPrompt } from './prompt-reader.js';

/** Answers a structured request through the writer that is registered under its name. Throws {@link ModelError} without one. */
export function answerStructured(
  prompt: LanguageModelV4Prompt,
  name: string | undefined,
  writers: OfflineWriters,
): string {
  const writer = name === undefined ? undefined : writers.find(name);
  if (!writer)
    throw new ModelError(
      `The offline model has no writer for "${name ?? 'unnamed output'}". Known: ${writers.names().join(', ') || 'none'}.`,
    );
  const { earlier, latest } = readPrompt(prompt);
  const asked = earlier.flatMap(({ role, text }) => (role === 'user' ? [text] : []));
  const input = readStructuredInput([...asked, latest].join('\n'));
  if (input === undefined) throw new ModelError(`The structured request "${name}" carries no input block.`);
  return JSON.stringify(writer(input));
}
