import type { Options } from 'k6/options';
import { THRESHOLDS } from './platform.ts';

export { actAndThink as default, prepare as setup, tidy as teardown } from './platform.ts';

// From ten users to two hundred within seconds, and back.
export const options: Options = {
  stages: [
    { duration: '1m', target: 10 },
    { duration: '10s', target: 100 },
    { duration: '3m', target: 100 },
    { duration: '10s', target: 10 },
    { duration: '1m', target: 10 },
    { duration: '10s', target: 200 },
    { duration: '3m', target: 200 },
    { duration: '10s', target: 10 },
    { duration: '1m', target: 0 },
  ],
  thresholds: THRESHOLDS,
};
