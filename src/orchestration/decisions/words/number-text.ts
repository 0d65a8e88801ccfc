const FORMATS = [0, 1, 2].map((maximumFractionDigits) => new Intl.NumberFormat('en-US', { maximumFractionDigits }));

/** Formats a number with separators and at most two decimals: 1,234.5. */
export function text(value: number, digits: 0 | 1 | 2 = 2): string {
  return FORMATS[digits]?.format(value) ?? String(value);
}

/** A share of 1 as a percentage: 0.275 is "27.5 %". */
export const percent = (share: number): string => `${text(share * 100, 1)} %`;

/** "1 day", "2 days". */
export const counted = (count: number, noun: string): string => `${text(count)} ${noun}${count === 1 ? '' : 's'}`;

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}

/** An input's key as a phrase: `estimated_cost` is "estimated cost". */
export const phrase = (key: string): string => key.replaceAll('_', ' ');
