const STOP_WORDS = new Set(
  `a about an and any are as at be been but by can could did do does for from had has have how i if in into is it its me my of on or our please
  should so tell than that the their them then there these they this to us was we were what when where which who why will with would you your`.split(
    /\s+/u,
  ),
);

/** The words of a text that carry meaning, in a form in which "refunds" meets "refund" and "shipping" meets "ship". */
export function terms(text: string): string[] {
  return wordsOf(text).flatMap((word) => termOf(word) ?? []);
}

/** Scripts that write without spaces between words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const SEGMENTER = new Intl.Segmenter('und', { granularity: 'word' });

/** Every word as it stands, in lower case and without composed characters. Languages without spaces are cut into words too. */
export function wordsOf(text: string): string[] {
  const words =
    text
      .toLowerCase()
      .normalize('NFKD')
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  if (!UNSPACED.test(text)) return words;
  return words.flatMap((word) => (UNSPACED.test(word) ? segments(word) : [word]));
}

function segments(word: string): string[] {
  return Array.from(SEGMENTER.segment(word.normalize('NFC')), ({ segment }) => segment.normalize('NFKD'));
}

/** What a word of {@link wordsOf} means; undefined for one that carries no meaning. */
export function termOf(word: string): string | undefined {
  return STOP_WORDS.has(word) ? undefined : stem(word);
}

/** Plural and the commonest verb endings only: a wrong stem finds wrong passages, a missing one merely ranks lower. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && /[^aeiou]{2}ing$/u.test(word)) return word.slice(0, -3).replace(/([^aeioulsz])\1$/u, '$1');
  if (word.length > 5 && word.endsWith('ing')) return word.slice(0, -3);
  if (word.length > 4 && /(?:ss|sh|ch|x|z)es$/u.test(word)) return word.slice(0, -2);
  if (word.length > 3 && /[^su]s$/u.test(word)) return word.slice(0, -1);
  return word;
}
