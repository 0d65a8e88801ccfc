import { hash } from 'node:crypto';
import { decodeTime, isValid } from 'ulid';

/** `superseded`: the agent got another current version than the candidate. */
export const ROLLOUT_STATUSES = ['running', 'promoted', 'stopped', 'superseded'] as const;
export type RolloutStatus = (typeof ROLLOUT_STATUSES)[number];

/** A candidate version that answers a share of an agent's sessions beside the current version. An agent keeps its last one. */
export interface Rollout {
  rollout_id: string;
  status: RolloutStatus;
  /** The candidate. */
  version: string;
  version_number: number;
  /** The current version while the rollout ran. */
  base_version: string;
  /** Per cent of the sessions that began since `started_at` and run the candidate: 1 to 99. */
  percent: number;
  started_by: string;
  started_at: string;
  updated_at: string;
  ended_at: string | null;
}

const RANGE = 2 ** 32;

/**
 * Where a session stands between 0 and 100. It depends on the two ids alone, so it is the same in every process; another rollout
 * draws again.
 */
export function standingOf(rollout_id: string, session_id: string): number {
  const digest = hash('sha256', `${rollout_id}:${session_id}`, 'hex');
  return (Number.parseInt(digest.slice(0, 8), 16) / RANGE) * 100;
}

/** Whether a session runs the candidate. One that began before the rollout stays with the current version. */
export function runsCandidate({ rollout_id, percent, started_at }: Rollout, session_id: string): boolean {
  const ulid = session_id.slice(session_id.indexOf('_') + 1);
  const isOlder = isValid(ulid) && decodeTime(ulid) < Date.parse(started_at);
  return !isOlder && standingOf(rollout_id, session_id) < percent;
}

function ended(rollout: Rollout, status: Exclude<RolloutStatus, 'running'>, at: string): Rollout {
  return { ...rollout, status, updated_at: at, ended_at: at };
}

/** The rollout of an agent that no longer runs it. */
export function stopped({ rollout }: { rollout?: Rollout }, at: string): { rollout?: Rollout } {
  return rollout?.status === 'running' ? { rollout: ended(rollout, 'stopped', at) } : {};
}

/** The rollout of an agent that stores a change. It ends when the agent's current version changes. */
export function rolloutAfter(
  before: { rollout?: Rollout; version_number: number } | undefined,
  version_number: number,
  at: string,
): { rollout?: Rollout } {
  const { rollout } = before ?? {};
  if (!rollout) return {};
  if (rollout.status !== 'running' || before?.version_number === version_number) return { rollout };
  return { rollout: ended(rollout, version_number === rollout.version_number ? 'promoted' : 'superseded', at) };
}
