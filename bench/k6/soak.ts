import type { Options } from 'k6/options';
import { THRESHOLDS } from './platform.ts';

export { actAndThink as default, prepare as setup, tidy as teardown } from './platform.ts';

// Fifty users for two hours: does anything grow? Needs NEXUS_API_KEY, since a token ends after 15 minutes.
export const options: Options = {
  stages: [
    { duration: '5m', target: 50 },
    { duration: '2h', target: 50 },
    { duration: '5m', target: 0 },
  ],
  thresholds: THRESHOLDS,
};
