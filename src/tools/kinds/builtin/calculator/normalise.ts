/** The parser reads "10% + 5" as a remainder; this postfix operator, which has no other meaning here, marks a percentage. */
export const PERCENT_SIGN = "'";

const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/'/g, '?'],
  [/[×✕·]/g, '*'],
  [/÷/g, '/'],
  [/[−–—]/g, '-'],
  [/²/g, '^2'],
  [/³/g, '^3'],
  [/√\s*(\d+(?:\.\d+)?)/g, 'sqrt($1)'],
  [/√/g, 'sqrt'],
  [/π/g, 'pi'],
  [/\*\*/g, '^'],
  [/(?<!\d)(\d{1,300}(?:\.\d{1,300})?)\s{0,9}(?:%|percent)\s{1,9}of\s{1,9}/gi, '($1 / 100) * '],
  [/\bpercent\b/gi, '%'],
  [/%(?!\s*[\d.(a-z])/gi, PERCENT_SIGN],
];

/** Writes what people type as the parser expects it. Commas in numbers go only where no function could own them as separators. */
export function normaliseExpression(text: string): string {
  const written = REPLACEMENTS.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    text.trim(),
  );
  const plain = (/^([^=]*)=[\s?]*$/.exec(written)?.[1] ?? written).trimEnd();
  return /[a-z]\s*\(/i.test(plain) ? plain : plain.replace(/(?<=\d),(?=\d{3}(?!\d))/g, '');
}
