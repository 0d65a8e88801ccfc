import type { ConversationMemory } from '../conversation-memory.js';
import { factKey } from '../facts.js';
import { amountOf, type Quantity } from '../quantity.js';

const PRONOUN =
  /\b(?:that|it|this|(?:the|your|that|my)?\s?(?:last |previous |first )?(?:result|answer)|the total)\b(?!['’]s| of\b)/gi;

export interface Resolved {
  text: string;
  /** Unit of what was put in, so that the answer can carry it. */
  unit?: string;
  /** A pronoun was used and nothing is known that it could mean. */
  dangling: boolean;
}

/** Puts numbers in place of what was said before: "15% of my budget" becomes "15% of 1200", "double that" "double 180". */
export function resolveReferences(text: string, memory: ConversationMemory, withUnits = false): Resolved {
  let unit: string | undefined;
  const put = (quantity: Quantity): string => {
    unit ??= quantity.unit;
    return withUnits && quantity.unit ? `${quantity.value} ${quantity.unit}` : quantity.value;
  };
  const withFacts = memory.facts.reduce((result, { key, value }) => {
    // Most facts are not spoken of; only those that are cost a pattern.
    const amount = result.toLowerCase().includes(key) ? amountOf(value) : undefined;
    return amount ? result.replace(factPattern(key), () => put(amount)) : result;
  }, text);
  const previous = memory.lastMentioned;
  const dangling = previous === undefined && new RegExp(PRONOUN.source, 'i').test(withFacts);
  const resolved = previous ? withFacts.replace(PRONOUN, () => put(previous)) : withFacts;
  return { text: resolved, dangling, ...(unit === undefined ? {} : { unit }) };
}

function factPattern(key: string): RegExp {
  const escaped = factKey(key).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`\\b(?:my|the|our) (?:total |whole )?${escaped}\\b`, 'gi');
}
