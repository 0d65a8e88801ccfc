import { compare, type Diff } from './compare.js';
import { type Findings, findingsOf } from './finding-rules.js';
import type { Catalogue, Severity } from './operation.js';

export interface FindingFilter {
  severity?: Severity | undefined;
  rule?: string | undefined;
  limit: number;
  offset: number;
}

/** Judges catalogues. */
export const reviewTasks = {
  findings: ([catalogue]: Catalogue[], filter: FindingFilter): Findings & { total: number } => {
    const { severity, rule, limit, offset } = filter;
    const all = findingsOf(catalogue!);
    const kept = all.findings.filter(
      (one) => (severity === undefined || one.severity === severity) && (rule === undefined || one.rule === rule),
    );
    return { ...all, findings: kept.slice(offset, offset + limit), total: kept.length };
  },

  compare: ([before, after]: Catalogue[], _args: null): Diff => compare(before!, after!),
};
