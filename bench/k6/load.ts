import type { Options } from 'k6/options';
import { THRESHOLDS } from './platform.ts';

export { actAndThink as default, prepare as setup, tidy as teardown } from './platform.ts';

// Ramps up to ten users, then a hundred: an ordinary day.
export const options: Options = {
  stages: [
    { duration: '2m', target: 10 },
    { duration: '10m', target: 10 },
    { duration: '2m', target: 100 },
    { duration: '10m', target: 100 },
    { duration: '2m', target: 0 },
  ],
  thresholds: THRESHOLDS,
};
