import type { StageContext } from '../stage-runner.js';
import type { AcceptanceCheck, AcceptanceExample } from './acceptance.schema.js';

/**
 * Leaves out what could never be checked: tools that the agent does not get, patterns that are no regular expression,
 * checks without a value. An example that loses all its checks still has to be answered.
 */
export function soundExamples(
  context: Pick<StageContext, 'log'>,
  examples: readonly AcceptanceExample[],
  tools: ReadonlySet<string>,
): AcceptanceExample[] {
  return examples.map((example) => {
    const checks = example.checks.filter((check) => {
      const fault = faultOf(check, tools);
      if (fault !== undefined) context.log('warning', `${example.id}: the check ${check.kind} was dropped, ${fault}`);
      return fault === undefined;
    });
    return { ...example, checks: checks.length > 0 ? checks : [{ kind: 'non_empty', value: null }] };
  });
}

function faultOf({ kind, value }: AcceptanceCheck, tools: ReadonlySet<string>): string | undefined {
  if (kind === 'non_empty') return undefined;
  if (value === null) return 'it has no value';
  if (kind === 'uses_tool' && !tools.has(value)) return `"${value}" is not among the tools of the agent`;
  return kind === 'matches' && !isPattern(value) ? 'it is not a regular expression' : undefined;
}

function isPattern(value: string): boolean {
  try {
    return new RegExp(value, 'iu') instanceof RegExp;
  } catch {
    return false;
  }
}
