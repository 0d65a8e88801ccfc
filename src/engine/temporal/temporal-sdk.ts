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

export interface TemporalRun {
  kind: string;
  run_id: string;
  step_queue: string;
  lease_seconds: number;
}

export interface TemporalClient {
  /** @throws when the cluster does not answer in time */
  check(within_ms: number): Promise<void>;
  /** Starts the workflow of a run, or wakes the one that runs; safe to repeat. */
  ensure(run: { workflow_id: string; queue: string; args: TemporalRun; within_ms: number }): Promise<void>;
  close(): Promise<void>;
}

export interface StepCall {
  kind: string;
  run_id: string;
  step_id: string;
  signal: AbortSignal;
  attempt: number;
  heartbeat: () => void;
}

export interface TemporalDecision {
  do: 'run' | 'sleep' | 'wait' | 'done';
  steps?: string[];
  until?: string;
  stop_others?: boolean;
}

export interface TemporalWorkers {
  /** Rejects when a worker breaks; never resolves. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** What `temporal/sdk.mjs` offers. */
export interface TemporalSdk {
  openClient(target: TemporalTarget): TemporalClient;
  startWorkers(
    options: TemporalTarget & {
      queue: string;
      lanes: { step_queue: string; slots: number }[];
      /** Workflows kept in memory; undefined: the SDK's own bound. */
      cached: number | undefined;
      lease_seconds: number;
      /** Takes warnings of the SDK. */
      log: (message: string, error: unknown) => void;
      decide: (run: { kind: string; run_id: string }) => Promise<TemporalDecision>;
      runStep: (call: StepCall) => Promise<void>;
    },
  ): Promise<TemporalWorkers>;
}

/** @throws Error naming the command that installs it */
export async function loadTemporalSdk(file = SDK_FILE): Promise<TemporalSdk> {
  try {
    return (await import(file)) as TemporalSdk;
  } catch (error) {
    throw new Error('ENGINE=temporal needs the Temporal SDK, which is installed apart: npm run temporal:install', {
      cause: error,
    });
  }
}
