import { runInNewContext } from 'node:vm';
import type { AcceptanceCheck } from '../requirements-analysis/acceptance.schema.js';

/** A pattern comes out of a language model; one that takes longer than this on one answer is broken. */
const PATTERN_TIMEOUT_MS = 200;

export interface Answer {
  output: string;
  tools_used: readonly string[];
}

/** Whether an answer satisfies a check. Texts are compared without regard to case and to runs of white space. */
export function satisfies({ output, tools_used }: Answer, { kind, value }: AcceptanceCheck): boolean {
  const wanted = value ?? '';
  switch (kind) {
    case 'non_empty':
      return output.trim() !== '';
    case 'contains':
      return comparable(output).includes(comparable(wanted));
    case 'not_contains':
      return !comparable(output).includes(comparable(wanted));
    case 'matches':
      return matches(output, wanted);
    case 'uses_tool':
      return tools_used.includes(wanted);
  }
}

function comparable(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** Evaluated under a time limit, which an ordinary `RegExp.test` does not have: nested repetition can run for years. */
function matches(text: string, pattern: string): boolean {
  try {
    return (
      runInNewContext('new RegExp(pattern, "iu").test(text)', { pattern, text }, { timeout: PATTERN_TIMEOUT_MS }) ===
      true
    );
  } catch {
    return false;
  }
}
