import type { Intent } from '../intent.js';

const ASKED = /^(?:please )?(?:can you )?(?:sort|order|alphabeti[sz]e|arrange|rank)\b([^:\n]{0,100})[:\n]([\s\S]+)$/i;
/** Of a list to sort. */
const LIST_MAX_CHARACTERS = 20_000;
const INLINE =
  /^(?:please )?(?:can you )?(?:sort|alphabeti[sz]e)\s{1,9}(?:these |the )?(?:numbers |words |items |names )?((?:[^,\n]{1,60},){1,200}[^,\n]{1,60})$/i;
const DESCENDING = /\b(?:descending|reverse|largest|biggest|highest|z ?(?:to|-) ?a|newest)\b/i;

/** Sorts the list behind the colon: numbers by value, everything else by the alphabet. */
export const sortingIntent: Intent = ({ message }) => {
  const asked = ASKED.exec(message);
  const list = asked?.[2]?.slice(0, LIST_MAX_CHARACTERS) ?? INLINE.exec(message)?.[1];
  if (list === undefined) return undefined;
  const separator = list.trim().includes('\n') ? '\n' : ',';
  const items = list
    .split(separator)
    .map((item) =>
      item
        .replace(/^\s*(?:[-*•]|and\b)\s*/i, '')
        .trim()
        .replace(/[.?!]$/, ''),
    )
    .filter((item) => item !== '');
  const sorted = sort(items);
  const ordered = DESCENDING.test(asked?.[1] ?? message) ? sorted.reverse() : sorted;
  return { text: separator === '\n' ? ordered.map((item) => `- ${item}`).join('\n') : `${ordered.join(', ')}.` };
};

function sort(items: string[]): string[] {
  const numeric = items.every((item) => /^-?\d+(?:\.\d+)?$/.test(item));
  return [...items].sort(
    numeric
      ? (a, b) => Number(a) - Number(b)
      : (a, b) => a.localeCompare(b, 'en', { sensitivity: 'base', numeric: true }),
  );
}
