/** The names under which agents put their text, in the order in which they count: AWS's examples, Strands, LangGraph, CrewAI. */
const WHOLE = ['response', 'result', 'output', 'completion', 'answer', 'text', 'content', 'message', 'data'];
/** Streams end with the whole message once more under other names, which would say everything twice. */
const PART = ['delta', 'text', 'data', 'content', 'event'];
const DEEPEST = 4;

/** The text in an answer, or in one event, of an agent that we did not write; undefined without text. */
export function textOf(value: unknown, isWhole: boolean, depth = 0): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth === DEEPEST) return undefined;
  if (Array.isArray(value)) return joined(value, isWhole, depth);
  const record = value as Record<string, unknown>;
  for (const field of isWhole ? WHOLE : PART) {
    const text = textOf(record[field], isWhole, depth + 1);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The content blocks of a message. */
function joined(blocks: unknown[], isWhole: boolean, depth: number): string | undefined {
  const texts = blocks.map((block) => textOf(block, isWhole, depth + 1)).filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.join('');
}
