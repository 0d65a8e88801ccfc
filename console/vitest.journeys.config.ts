import { defineConfig } from 'vitest/config';

/** Whole journeys in a browser, on a platform of their own; `npm run test:journeys`. */
export default defineConfig({
  test: { include: ['journeys/**/*.journey.ts'], testTimeout: 300_000, hookTimeout: 180_000, maxWorkers: 2 },
});
