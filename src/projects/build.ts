/** The engine's name for builds; stored with each run. */
export const BUILD_KIND = 'build';

/**
 * One attempt to build a project: `open` until it is completed, failed or stopped. The project records its progress; the
 * engine records whether it waits or runs, in a run with the build's id.
 */
export interface Build {
  build_id: string;
  project_id: string;
  org_id: string;
  /** Version 1.0.0 stored queued, running or paused for what is `open` now. */
  status: 'open' | 'queued' | 'running' | 'paused' | BuildEnd['status'];
  created_at: string;
  ended_at?: string;
  duration_seconds?: number;
  /** The stage that it ended in. */
  stage?: string;
}

export interface BuildEnd {
  status: 'completed' | 'failed' | 'stopped';
  at: string;
  duration_seconds: number;
  stage: string;
}

/** An open attempt that version 1.0.0 began, with its place in the queue of that version. */
export interface EarlierBuild extends Build {
  queue: 'QUEUED' | 'RUNNING';
  queue_order: string;
  lease_owner?: string;
  lease_expires_at?: string;
}
