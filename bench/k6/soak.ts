import type { Options } from 'k6/options';
import { actAndThink, type Ground, prepare, THRESHOLDS, tidy } from './platform.ts';

// Fifty users for two hours: does anything grow? Needs NEXUS_API_KEY, since a token ends after 15 minutes.
export const options: Options = {
  stages: [
    { duration: '5m', target: 50 },
    { duration: '2h', target: 50 },
    { duration: '5m', target: 0 },
  ],
  thresholds: THRESHOLDS,
};

export const setup = prepare;
export const teardown = tidy;

export default function run(ground: Ground): void {
  actAndThink(ground);
}
