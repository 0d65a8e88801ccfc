import { createHash } from 'node:crypto';
import { toAscii } from './transliteration.js';

const MIN_LENGTH = 3;
const MAX_LENGTH = 30;

/**
 * An English slug of 3 to 30 characters. Text that leaves nothing in ASCII (Chinese, Arabic, emoji) gets a name from
 * its hash, so that the same text always has the same slug.
 */
export function slugOf(text: string, separator: '_' | '-'): string {
  const words = toAscii(text)
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const slug = fit(words, separator);
  if (slug.length >= MIN_LENGTH) return slug;
  return `agent${separator}${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}

/** Whole words while they fit; a first word that is too long is cut. */
function fit(words: string[], separator: string): string {
  let slug = '';
  for (const word of words) {
    const next = slug === '' ? word : `${slug}${separator}${word}`;
    if (next.length > MAX_LENGTH) break;
    slug = next;
  }
  return slug === '' ? (words[0] ?? '').slice(0, MAX_LENGTH) : slug;
}
