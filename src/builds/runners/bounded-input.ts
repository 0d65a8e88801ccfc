import { BuildFault } from './build-fault.js';
import type { StageContext } from './stage-runner.js';

/** Characters of JSON, about 20,000 tokens: every usual model can read that and still answer. */
export const INPUT_LIMIT_CHARACTERS = 80_000;
/** The longest text that is kept, tried in this order until the input fits. */
const TEXT_LIMITS = [4_000, 1_000, 400, 150];

/** The input of a step in a size that models can read: long texts in it are cut, which the log tells. Throws {@link BuildFault} when that is not enough. */
export function boundedInput(context: Pick<StageContext, 'log'>, name: string, input: unknown): unknown {
  const size = sizeOf(input);
  if (size <= INPUT_LIMIT_CHARACTERS) return input;
  for (const limit of TEXT_LIMITS) {
    const cut = withShortTexts(input, limit);
    if (sizeOf(cut) > INPUT_LIMIT_CHARACTERS) continue;
    context.log('warning', `The input for ${name} is large: texts in it were cut to ${limit} characters`);
    return cut;
  }
  throw new BuildFault(`The input for ${name} is too large for a language model: ${size} characters`, {
    details: { document: name, characters: size, limit: INPUT_LIMIT_CHARACTERS },
    suggestion: 'Shorten the requirement, or split it into several agents.',
  });
}

function sizeOf(input: unknown): number {
  return (JSON.stringify(input) ?? '').length;
}

function withShortTexts(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return value.length <= limit ? value : `${value.slice(0, limit)}…`;
  if (Array.isArray(value)) return value.map((item) => withShortTexts(item, limit));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withShortTexts(item, limit)]));
}
