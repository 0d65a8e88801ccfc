import { integer } from '../setting-kinds.js';

/** Partnerships of the orchestration. */
export const partnershipSettings = {
  /** How often a process looks for probes that are due. */
  PARTNERSHIP_TICK_MS: integer(500, 20, 60_000),
};
