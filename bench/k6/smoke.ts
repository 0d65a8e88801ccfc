import type { Options } from 'k6/options';
import { actAndThink, type Ground, prepare, THRESHOLDS, tidy } from './platform.ts';

// One user for a minute: does it work at all?
export const options: Options = {
  vus: 1,
  duration: '1m',
  thresholds: THRESHOLDS,
};

export const setup = prepare;
export const teardown = tidy;

export default function run(ground: Ground): void {
  actAndThink(ground);
}
