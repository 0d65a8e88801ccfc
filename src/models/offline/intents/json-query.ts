import { type Intent, withTool } from '../intent.js';

const EXPLICIT = /\b(?:query|expression|jmespath|path)\b[:\s]+[`"']?([^\s`"']+)[`"']?/i;
const ASKED =
  /\b(?:get|extract|read|find|show|list|what(?:['’]s| is| are)|give me)\s+(?:me )?(?:the )?(?:values? of )?[`"']?([\w.[\]*@-]{1,100})[`"']?\s+(?:from|in|of|out of)\b/i;
const BRACKETS: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

/** A JSON document in the message and the name of what to read from it. */
export const jsonQueryIntent: Intent = (turn) => {
  const document = documentIn(turn.message);
  if (!document) return undefined;
  const words = `${turn.message.slice(0, document.start)} ${turn.message.slice(document.end)}`.slice(0, 500);
  const query = EXPLICIT.exec(words)?.[1] ?? ASKED.exec(words)?.[1];
  if (query === undefined)
    return /\bjson\b/i.test(words)
      ? { text: 'Tell me what to read from that JSON, for example: get user.name from {...}.' }
      : undefined;
  return withTool(turn, {
    tool: 'json_query',
    input: { json: document.json, query },
    phrase: ({ result }) => `${query}: ${JSON.stringify(result ?? null)}`,
  });
};

/** From the first opening bracket to the last closing one of its kind, when that is JSON. */
function documentIn(message: string): { json: string; start: number; end: number } | undefined {
  const start = message.search(/\{\s*["}]|\[\s*["{[\d\]]/);
  const end = message.lastIndexOf(BRACKETS[message[start] ?? ''] ?? '\0') + 1;
  if (start < 0 || end <= start) return undefined;
  const json = message.slice(start, end);
  try {
    JSON.parse(json);
    return { json, start, end };
  } catch {
    return undefined;
  }
}
