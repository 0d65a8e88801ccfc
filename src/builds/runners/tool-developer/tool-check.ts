import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../../shared/clock.js';
import type { ToolCatalogue } from '../../../tools/tool-catalogue.js';
import type { Tool, ToolDocument as Passage } from '../../../tools/tool.js';
import type { StageContext } from '../stage-runner.js';

/** Runs the catalogue's examples of a tool and counts those that give what they promise; the rest is logged. */
export async function checkTool(
  context: StageContext,
  catalogue: ToolCatalogue,
  clock: Clock,
  tool: Tool,
  knowledge: readonly Passage[],
): Promise<number> {
  let passed = 0;
  for (const { input, expected } of tool.examples) {
    context.signal.throwIfAborted();
    try {
      const output = await catalogue.execute(tool.name, input, { knowledge: [...knowledge], now: () => clock.now() });
      if (includes(output, expected)) passed += 1;
      else context.log('warning', `${tool.name}: an example did not give what it promises`);
    } catch (error) {
      context.log(
        'warning',
        `${tool.name}: an example failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return passed;
}

function includes(output: unknown, expected: Record<string, unknown>): boolean {
  if (typeof output !== 'object' || output === null) return false;
  const fields = new Map<string, unknown>(Object.entries(output));
  return Object.entries(expected).every(([key, value]) => isDeepStrictEqual(fields.get(key), value));
}
