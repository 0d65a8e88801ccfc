import type { Options } from 'k6/options';
import { actAndThink, type Ground, prepare, THRESHOLDS, tidy } from './platform.ts';

// Up to ten users, then a hundred: an ordinary day.
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

export const setup = prepare;
export const teardown = tidy;

export default function run(ground: Ground): void {
  actAndThink(ground);
}
