import type { Options } from 'k6/options';
import { THRESHOLDS } from './platform.ts';

export { actAndThink as default, prepare as setup, tidy as teardown } from './platform.ts';

// Ramps up to a thousand users.
export const options: Options = {
  stages: [
    { duration: '5m', target: 50 },
    { duration: '5m', target: 100 },
    { duration: '5m', target: 200 },
    { duration: '5m', target: 1_000 },
    { duration: '5m', target: 0 },
  ],
  thresholds: THRESHOLDS,
};
