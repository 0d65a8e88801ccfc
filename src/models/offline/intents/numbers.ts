const SMALL: readonly string[] = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];
const TENS: readonly string[] = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const SCALES: Readonly<Record<string, number>> = {
  hundred: 100,
  thousand: 1000,
  million: 1_000_000,
  billion: 1_000_000_000,
};

const WORDS = new Map<string, number>([
  ...SMALL.map((word, index) => [word, index] as const),
  ...TENS.map((word, index) => [word, (index + 2) * 10] as const),
]);
const TENS_AND_ONES = new RegExp(`\\b(${TENS.join('|')})[- ](${SMALL.slice(1, 10).join('|')})\\b`, 'gi');
const SINGLE = new RegExp(`\\b(${[...WORDS.keys()].join('|')})\\b`, 'gi');
const SCALED = /(?<!\d)(\d{1,300}(?:\.\d{1,300})?)\s{1,9}(hundred|thousand|million|billion)\b/gi;

/** "twenty-five" becomes 25, "2 million" 2000000. */
export function digitsForWords(text: string): string {
  const value = (word: string) => WORDS.get(word.toLowerCase()) ?? 0;
  return text
    .replace(TENS_AND_ONES, (_, tens: string, ones: string) => String(value(tens) + value(ones)))
    .replace(SINGLE, (word) => String(value(word)))
    .replace(SCALED, (_, count: string, scale: string) => String(Number(count) * (SCALES[scale.toLowerCase()] ?? 1)));
}
