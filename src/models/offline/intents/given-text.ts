import type { ConversationMemory } from '../conversation-memory.js';

const LONG_ENOUGH = 80;

/** The text that a task is about: behind a colon or a line break, in quotes, else the last long message. */
export function givenText(message: string, memory: ConversationMemory): string | undefined {
  const quoted = /^[^"“\n:]{0,200}["“]([^"”]+)["”]/u.exec(message)?.[1];
  const following = /^[^\n:]{0,200}[:\n]([\s\S]+)$/u.exec(message)?.[1];
  const own = quoted ?? following;
  if (own !== undefined && own.trim() !== '') return own.trim();
  return memory.userMessages.findLast((earlier) => earlier.length >= LONG_ENOUGH);
}

/** The beginning of a message, where it says what to do with the rest. */
export function headOf(message: string): string {
  return message.slice(0, 200).split('\n')[0] ?? '';
}
