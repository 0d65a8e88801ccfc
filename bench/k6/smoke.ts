import type { Options } from 'k6/options';
import { THRESHOLDS } from './platform.ts';

export { actAndThink as default, prepare as setup, tidy as teardown } from './platform.ts';

// One user for a minute: does it work at all?
export const options: Options = {
  vus: 1,
  duration: '1m',
  thresholds: THRESHOLDS,
};
