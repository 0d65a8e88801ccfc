/** From `src/engine/temporal` and from `dist/engine/temporal` alike. */
const SDK_FILE = new URL('../../../temporal/sdk.mjs', import.meta.url).href;

/** Where a Temporal cluster is, and how to reach it. */
export interface TemporalTarget {
  address: string;
  namespace: string;
  tls?:
    | { serverNameOverride?: string; serverRootCACertificate?: Buffer; clientCertPair?: { crt: Buffer; key: Buffer } }
    | true;
  api_key?: string;
}

/** The argument of the workflow of a run: ids only. */
export interface TemporalRun {
  kind: string;
  run_id: string;
  step_queue: string;
  lease_seconds: number;
  /** 0 to 9; tasks of runs with a higher one leave the task queue first. */
  priority: number;
  /** W3C trace context of the request that started the run. */
  trace?: string;
}

/** Shown with the workflow; search attributes where the namespace has them. */
export interface TemporalAbout {
  organization: string;
  kind: string;
  project?: string;
}

export interface TemporalSchedule {
  schedule_id: string;
  workflow_id: string;
  queue: string;
  args: { schedule_id: string; schedule_queue: string };
  cron?: string | undefined;
  every_ms?: number | undefined;
  first_at?: string | undefined;
  timezone?: string | undefined;
  within_ms: number;
}

export interface TemporalClient {
  /** @throws when the cluster does not answer in time */
  check(within_ms: number): Promise<void>;
  /** Starts the workflow of a run, or wakes the one that runs; safe to repeat. */
  ensure(run: {
    workflow_id: string;
    queue: string;
    args: TemporalRun;
    about: TemporalAbout;
    within_ms: number;
  }): Promise<void>;
  /** Wakes the workflow of a run, if it has one. */
  wake(run: { workflow_id: string; within_ms: number }): Promise<void>;
  /** @throws when the server has no schedules or refuses the times */
  schedule(schedule: TemporalSchedule): Promise<void>;
  unschedule(schedule: { schedule_id: string; within_ms: number }): Promise<void>;
  close(): Promise<void>;
}

export interface DriveCall {
  kind: string;
  run_id: string;
  trace?: string | undefined;
  signal: AbortSignal;
}

/**
 * How a drive ended: the run is `over`, has to be driven `again` at once, or waits: for a wake, or for `wait_ms` milliseconds if nothing
 * wakes it before. A duration, because the clock of the server may differ from ours.
 */
export interface DriveResult {
  over?: boolean;
  again?: boolean;
  wait_ms?: number;
}

export interface TemporalWorkers {
  /** Rejects when a worker breaks; never resolves. */
  failed: Promise<never>;
  /** Takes nothing more; what runs may end. */
  leave(): void;
  /** Resolves when everything has ended. */
  over: Promise<void>;
}

/** What `temporal/sdk.mjs` offers. */
export interface TemporalSdk {
  openClient(target: TemporalTarget): TemporalClient;
  startWorkers(
    options: TemporalTarget & {
      queue: string;
      lanes: { step_queue: string; slots: number }[];
      /** The workflows as `npm run build` bundled them; they are bundled now when the file is missing. */
      bundle_file: string;
      /** Workflows kept in memory; undefined: the SDK's own bound. */
      cached: number | undefined;
      lease_seconds: number;
      /** Takes warnings of the SDK. */
      log: (message: string, error: unknown) => void;
      /** Where the SDK's own figures go: an address that Prometheus reads, or an OTLP receiver. */
      metrics: { address?: string | undefined; otlp_url?: string | undefined };
      drive: (call: DriveCall) => Promise<DriveResult>;
      fire: (time: { schedule_id: string }) => Promise<void>;
    },
  ): Promise<TemporalWorkers>;
  /** The workflows as one file. */
  bundleWorkflows(): Promise<string>;
  /** @throws when the recorded history does not fit the workflows of today */
  replay(history: unknown, bundle_file?: string): Promise<void>;
}

/** @throws Error naming the command that installs it */
export async function loadTemporalSdk(file = SDK_FILE): Promise<TemporalSdk> {
  try {
    return (await import(file)) as TemporalSdk;
  } catch (error) {
    throw new Error('ENGINE=temporal needs the Temporal SDK, which is installed separately: npm run temporal:install', {
      cause: error,
    });
  }
}
