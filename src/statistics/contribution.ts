import {
  agentInvocationsOf,
  buildsOf,
  dayPeriod,
  invocationsOf,
  rolloutOf,
  type RowChange,
  TOTAL,
  versionPeriod,
} from './counter-row.js';
import type { BuildFact, Fact, InvocationFact } from './fact.js';
import { bucketAttribute } from './latency-histogram.js';
import { bucketPeriods } from './window.js';

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;
const STAGE = /^[A-Za-z0-9_-]{1,64}$/;
export const STAGE_PREFIX = 'stage_';

/** The fact can never be counted as it is stored; it is set aside so that it does not block others. */
export class UnusableFactError extends Error {
  override readonly name = 'UnusableFactError';
}

/**
 * What a fact adds to the counters. Durations are counted in whole microseconds (invocations) and milliseconds (builds): sums
 * of whole numbers are the same in any order, so a recount gives exactly the counters.
 * @throws UnusableFactError for a malformed timestamp or name, or a number that is negative or not finite.
 */
export function contributionOf(fact: Fact): RowChange[] {
  if (!TIMESTAMP.test(fact.occurred_at) || Number.isNaN(Date.parse(fact.occurred_at)))
    throw new UnusableFactError(`occurred_at is not a UTC timestamp: ${fact.occurred_at}`);
  if (!fact.org_id) throw new UnusableFactError('org_id is missing');
  switch (fact.kind) {
    case 'invocation':
      return ofInvocation(fact);
    case 'build':
      return ofBuild(fact);
    default: {
      const unknown: never = fact;
      throw new UnusableFactError(`unknown kind of fact: ${JSON.stringify(unknown)}`);
    }
  }
}

function ofInvocation(fact: InvocationFact): RowChange[] {
  if (!fact.agent_id) throw new UnusableFactError('agent_id is missing');
  const longest_us = whole(fact.duration_ms * 1000, 'duration_ms');
  const amounts = {
    ...outcome(fact.success),
    duration_us: longest_us,
    input_tokens: whole(fact.input_tokens, 'input_tokens'),
    output_tokens: whole(fact.output_tokens, 'output_tokens'),
    [bucketAttribute(fact.duration_ms)]: 1,
  };
  const organization = invocationsOf(fact.org_id);
  const agent = agentInvocationsOf(fact.org_id, fact.agent_id);
  const day = dayPeriod(fact.occurred_at.slice(0, 10));
  return [
    { subject: organization, period: day, amounts, longest_us },
    { subject: organization, period: TOTAL, amounts, longest_us },
    { subject: agent, period: day, amounts, longest_us },
    { subject: agent, period: TOTAL, amounts, longest_us, last_invoked_at: fact.occurred_at },
    ...bucketPeriods(fact.occurred_at).map((period) => ({ subject: agent, period, amounts: windowAmounts(fact) })),
    ...ofRollout(fact, amounts, longest_us),
  ];
}

/** Costs are counted in whole billionths of a US dollar, for the same reason as durations. */
export const NANOS_PER_USD = 1e9;

function ofRollout(
  { org_id, agent_id, fault, rollout }: InvocationFact,
  amounts: Record<string, number>,
  longest_us: number,
): RowChange[] {
  if (!rollout) return [];
  const { rollout_id, version, cost_usd } = rollout;
  const cost = cost_usd === undefined ? { unpriced: 1 } : { cost_nanos: whole(cost_usd * NANOS_PER_USD, 'cost_usd') };
  const counted = { ...amounts, ...cost, faults: fault ? 1 : 0 };
  const subject = rolloutOf(org_id, agent_id, rollout_id);
  return [{ subject, period: versionPeriod(version), amounts: counted, longest_us }];
}

/** What one call adds to the bucket of a sliding window. Only answers have a response time. */
export function windowAmounts(call: { success: boolean; fault: boolean; duration_ms: number }): Record<string, number> {
  return {
    total: 1,
    successful: call.success ? 1 : 0,
    faults: call.fault ? 1 : 0,
    ...(call.success
      ? { duration_us: whole(call.duration_ms * 1000, 'duration_ms'), [bucketAttribute(call.duration_ms)]: 1 }
      : {}),
  };
}

function ofBuild(fact: BuildFact): RowChange[] {
  if (!STAGE.test(fact.stage)) throw new UnusableFactError(`stage is not a stage name: ${fact.stage}`);
  const isSuccess = fact.outcome === 'successful';
  const duration_ms = whole(fact.duration_seconds * 1000, 'duration_seconds');
  const amounts = {
    ...outcome(isSuccess),
    duration_ms,
    successful_duration_ms: isSuccess ? duration_ms : 0,
    [STAGE_PREFIX + fact.stage]: 1,
  };
  const subject = buildsOf(fact.org_id);
  const day = dayPeriod(fact.occurred_at.slice(0, 10));
  return [
    { subject, period: day, amounts },
    { subject, period: TOTAL, amounts },
  ];
}

function outcome(isSuccess: boolean): Record<string, number> {
  return { total: 1, successful: isSuccess ? 1 : 0, failed: isSuccess ? 0 : 1 };
}

function whole(value: number, field: string): number {
  if (!Number.isFinite(value) || value < 0)
    throw new UnusableFactError(`${field} is not a number of 0 or more: ${value}`);
  return Math.round(value);
}
