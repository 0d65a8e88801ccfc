import { integer } from '../setting-kinds.js';

export const buildSettings = {
  BUILD_SLOTS: integer(4, 0, 64),
  BUILD_STAGE_PAUSE_MS: integer(0, 0, 60_000),
};
