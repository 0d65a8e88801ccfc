import { z } from 'zod';
import { integer } from '../setting-kinds.js';

/** The build engine. */
export const buildSettings = {
  BUILD_ENGINE: z.enum(['embedded']).default('embedded'),
  BUILD_SLOTS: integer(4, 0, 64),
  BUILD_LEASE_SECONDS: integer(30, 1, 3600),
  BUILD_HEARTBEAT_SECONDS: integer(10, 1, 600),
  BUILD_REAPER_SECONDS: integer(15, 1, 600),
  BUILD_STAGE_PAUSE_MS: integer(0, 0, 60_000),
};
