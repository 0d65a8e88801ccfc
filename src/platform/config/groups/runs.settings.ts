import { integer } from '../setting-kinds.js';

/** Runs of agents: streamed, in the background, and what ends them. */
export const runSettings = {
  BACKGROUND_RUN_SLOTS: integer(16, 0, 1_000),
  BACKGROUND_RUN_GRACE_SECONDS: integer(10, 0, 600),
  RUN_LEASE_SECONDS: integer(30, 3, 600),
  RUN_SWEEP_SECONDS: integer(15, 1, 600),
  WEBHOOK_RETRY_MS: integer(5_000, 10, 3_600_000),
  WEBHOOK_POLL_SECONDS: integer(5, 1, 600),
};
