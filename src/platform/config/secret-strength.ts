const LONGEST = 512;
/** English text carries about this much a letter. */
const BITS_OF_A_LETTER_IN_A_WORD = 1.5;
const SHARE_OF_A_SENTENCE = 0.75;
const WORD = /[A-Z]?[a-z]{2,}|[A-Z]{4,}/g;

/**
 * Estimates how many bits of a secret an attacker has to guess, and rather too few than too many. Repeated pieces count once,
 * sequences such as `abcd` or `4321` and letters in words count little; the rest counts by how evenly its characters are spread.
 */
export function secretStrengthBits(secret: string): number {
  const text = withoutRepeats(secret.slice(0, LONGEST));
  const inWords = [...text.matchAll(WORD)].reduce((sum, [word]) => sum + word.length, 0);
  // Random text holds pieces that look like words, too: about four characters in ten.
  if (inWords < text.length * SHARE_OF_A_SENTENCE) return bitsOf(withoutSequences(text));
  return inWords * BITS_OF_A_LETTER_IN_A_WORD + bitsOf(withoutSequences(text.replaceAll(WORD, '')));
}

/** Drops every piece of four characters that occurred before, and runs of one character. */
function withoutRepeats(text: string): string {
  const seen = new Set<string>();
  let kept = '';
  for (let at = 0; at < text.length; at++) {
    const piece = text.slice(at, at + 4).toLowerCase();
    const isRepeat = piece.length === 4 && seen.has(piece);
    seen.add(piece);
    if (isRepeat) at += 3;
    else if (text[at] !== text[at - 1]) kept += text[at] ?? '';
  }
  return kept;
}

/** Drops characters that continue a step of one up or down. */
function withoutSequences(text: string): string {
  let kept = '';
  for (let at = 0; at < text.length; at++) {
    const [first, second, third] = [at - 2, at - 1, at].map((index) => text.charCodeAt(index));
    const step = (second ?? 0) - (first ?? 0);
    if (at >= 2 && Math.abs(step) === 1 && (third ?? 0) - (second ?? 0) === step) continue;
    kept += text[at] ?? '';
  }
  return kept;
}

/** Shannon's entropy of the characters, times their number. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - count * Math.log2(count / text.length), 0);
}
