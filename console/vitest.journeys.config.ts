import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const INSTALLED = resolve(import.meta.dirname, '../.ci/node_modules');
if (!existsSync(`${INSTALLED}/playwright-core`))
  throw new Error('playwright-core is not installed. Run npm run ci:install.');

/** Whole journeys in a browser, on a platform of their own; `npm run test:journeys`. */
export default defineConfig({
  resolve: { alias: { 'playwright-core': `${INSTALLED}/playwright-core/index.mjs` } },
  test: { include: ['journeys/**/*.journey.ts'], testTimeout: 300_000, hookTimeout: 180_000, maxWorkers: 2 },
});
