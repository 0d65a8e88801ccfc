const BULLET = /^\s*(?:[-*•–—]|\d{1,2}[.)])\s+/u;
const ABBREVIATION_END = /\b(?:e\.g|i\.e|etc|approx|vs|no|mr|mrs|dr|a\.m|p\.m)\.\s*$/i;

/** The sentences and list items of a text, trimmed, without bullets, in order. */
export function sentencesOf(text: string): string[] {
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
  const sentences: string[] = [];
  for (const line of text.split(/[\r\n\u2028\u2029]+/)) {
    const parts = [...segmenter.segment(line.replace(BULLET, ''))].map((part) => part.segment);
    sentences.push(...joinAbbreviations(parts));
  }
  return sentences
    .map((sentence) => sentence.replace(/[\s\p{Cc}]+/gu, ' ').trim())
    .filter((sentence) => sentence !== '');
}

/** The segmenter also ends a sentence after "e.g." when a capital follows. */
function joinAbbreviations(parts: string[]): string[] {
  const joined: string[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last !== undefined && ABBREVIATION_END.test(last)) joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}

/** Cut at a word boundary where there is one, with an ellipsis; `max` counts UTF-16 units and pairs stay whole. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '');
  const boundary = cut.lastIndexOf(' ');
  return `${(boundary > max / 2 ? cut.slice(0, boundary) : cut).trimEnd()}…`;
}

export function withoutEnd(sentence: string): string {
  return sentence.replace(/[\s.!?;:,。！？]+$/u, '');
}

export function capitalised(text: string): string {
  const first = [...text][0] ?? '';
  return first.toUpperCase() + text.slice(first.length);
}

export function titleCase(text: string): string {
  return text
    .split(/[\s_-]+/)
    .filter((word) => word !== '')
    .map(capitalised)
    .join(' ');
}
