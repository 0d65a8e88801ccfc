import { essence, isQuestion } from './sentences.js';

/** Something the user told about themselves: "budget" is "1200 euros". */
export interface Fact {
  key: string;
  value: string;
}

const PERSON = String.raw`\p{Lu}[\p{L}'-]*(?:\s\p{Lu}[\p{L}'-]*){0,2}`;

/** Pattern and what its groups mean; the first that fits a clause wins. */
const PATTERNS: readonly (readonly [RegExp, (first: string, second: string) => Fact])[] = [
  [/^my (?:first |full )?name(?:'s| is) (.{1,80})$/iu, (value) => ({ key: 'name', value })],
  [/^(?:you can |please )?call me (.{1,80})$/iu, (value) => ({ key: 'name', value })],
  [
    new RegExp(`^(?:[Ii] am|[Ii]['’]m|[Ii] am called|[Tt]his is) (${PERSON})$`, 'u'),
    (value) => ({ key: 'name', value }),
  ],
  [/^(?:i am|i['’]m) (\d{1,3})(?: years old)?$/iu, (value) => ({ key: 'age', value })],
  [/^i (?:live|am based|was born) in (.{1,80})$/iu, (value) => ({ key: 'home', value })],
  [/^(?:i am|i['’]m) (?:from|in) (.{1,80})$/iu, (value) => ({ key: 'home', value })],
  [/^i work (?:at|for|as|in) (.{1,80})$/iu, (value) => ({ key: 'work', value })],
  [/^i have (\d[\d,.]*) ([\p{L} ]{1,40})$/iu, (value, key) => ({ key, value })],
  [
    /^(?:set |remember (?:that )?|note (?:that )?)?my ([\p{L}\p{N} _-]{1,40}?) (?:is|are|was|=|to) (.{1,200})$/iu,
    (key, value) => ({ key, value }),
  ],
  [
    /^(?:the|our|a|one) ([\p{L} _-]{1,40}?) (?:is|are|costs?|=) ([$€£]?\s?\d.{0,60})$/iu,
    (key, value) => ({ key, value }),
  ],
  [/^i (?:really )?(?:like|love|prefer) (.{1,100})$/iu, (value) => ({ key: 'preference', value })],
  [/^(?:please )?(?:remember|note|keep in mind) (?:that )?(.{1,200})$/iu, (value) => ({ key: 'note', value })],
];

/** Facts that a sentence states; a question states none. */
export function factsIn(sentence: string): Fact[] {
  if (isQuestion(sentence)) return [];
  const clauses = sentence.split(/(?:,?\s{1,9}and|,)\s{1,9}(?=(?:my|i|i['’]m)\s)/iu);
  return clauses.flatMap((clause) => {
    const fact = factIn(essence(clause));
    return fact ? [fact] : [];
  });
}

function factIn(clause: string): Fact | undefined {
  for (const [pattern, read] of PATTERNS) {
    const match = pattern.exec(clause);
    if (match) {
      const { key, value } = read(match[1] ?? '', match[2] ?? '');
      return { key: factKey(key), value: value.trim() };
    }
  }
  return undefined;
}

/** How keys are compared: "My Favourite_Color" is "favorite color". */
export function factKey(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replaceAll('_', ' ')
    .replaceAll('ourite', 'orite')
    .replaceAll('colour', 'color')
    .replace(/\s+/g, ' ');
}

/** A fact as a sentence to the user. */
export function tellFact({ key, value }: Fact): string {
  switch (key) {
    case 'home':
      return `You live in ${value}.`;
    case 'work':
      return `About your work you told me: ${value}.`;
    case 'age':
      return `You are ${value} years old.`;
    case 'preference':
      return `You like ${value}.`;
    case 'note':
      return `You asked me to remember: ${value}.`;
    default:
      return isCount({ key, value }) ? `You have ${value} ${key}.` : `Your ${key} is ${value}.`;
  }
}

/** "cats: 3" counts things, while "budget: 1200" is an amount. */
export function isCount({ key, value }: Fact): boolean {
  return /[^su]s$/.test(key) && /^\d+$/.test(value);
}
