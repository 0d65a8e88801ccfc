import { integer } from '../setting-kinds.js';

/** Partnerships of the orchestration. */
export const partnershipSettings = {
  /** How often a process looks for probes that are due; 0: it looks at none. */
  PARTNERSHIP_TICK_MS: integer(500, 0, 60_000),
};
