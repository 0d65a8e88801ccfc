import type { Stage } from '../stages/stage.js';

/** US dollars per million tokens. The offline model runs in this process and costs nothing; a model without a row has an unknown price. */
const PRICES: Readonly<Record<string, { input: number; output: number }>> = {
  'nexus/offline': { input: 0, output: 0 },
};

/** What the stages' model calls cost in US dollars; null as soon as one of them has no known price. */
export function buildCost(stages: readonly Pick<Stage, 'model' | 'input_tokens' | 'output_tokens'>[]): number | null {
  let total = 0;
  for (const { model, input_tokens, output_tokens } of stages) {
    if (model === null) continue;
    const price = PRICES[model];
    if (!price) return null;
    total += (input_tokens * price.input + output_tokens * price.output) / 1_000_000;
  }
  return total;
}
