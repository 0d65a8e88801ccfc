const base = {
  rootDir: '.',
  testEnvironment: 'node',
  runtime: '<rootDir>/test/support/native-runtime.js',
  setupFiles: ['<rootDir>/test/support/kept-workers.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

const onDatabase = {
  ...base,
  globalSetup: '<rootDir>/test/support/test-engine.js',
  globalTeardown: '<rootDir>/test/support/stop-engine.js',
};

/** Processes that are killed, replaced and starved: half of the time of all tests. `npm run test:faults`, and in CI. */
const faults = { ...onDatabase, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.spec.ts'] };

/** What takes more of the machine than npm installs; `npm run test:machine`. */
const machine = { ...base, displayName: 'machine', testMatch: ['<rootDir>/test/machine/**/*.spec.ts'] };

/**
 * On a Temporal server, with what is also tested on the embedded engine; needs `npm run temporal:install`.
 * `npm run test:temporal-java` and `npm run test:temporal`.
 */
const temporal = {
  ...onDatabase,
  displayName: 'temporal',
  setupFilesAfterEnv: ['<rootDir>/test/support/temporal-suite.ts'],
  testMatch: [
    '<rootDir>/test/temporal/**/*.spec.ts',
    '<rootDir>/test/faults/durable-runs.spec.ts',
    '<rootDir>/test/e2e/{approvals,background,flows,flow-triggers}.spec.ts',
  ],
};

/** Generated clients, compiled and run; needs their generators and compilers. `npm run test:generated`. */
const generated = { ...onDatabase, displayName: 'generated', testMatch: ['<rootDir>/test/generated/**/*.spec.ts'] };

/** Deployment files, held to public schemas and tools; needs `npm run ci:install`. `npm run test:manifests`. */
const manifests = {
  ...base,
  displayName: 'manifests',
  testMatch: ['<rootDir>/scripts/manifests/published/**/*.spec.ts'],
};

/** Unit tests beside the code, integration and end-to-end tests on a real engine; the others on demand. */
export default {
  randomize: true,
  // The run fails when what the platforms under test have logged holds a secret.
  reporters: ['default', '<rootDir>/scripts/secret-scan/reporter.ts'],
  // Tests wait for other processes part of their time, so four keep two cores busy.
  maxWorkers: 4,
  // Jest kills a worker that has not ended in time, and reports it, by default after 500 ms. To give back the memory of four workers,
  // up to 1.3 GB each, takes two busy cores 200 to 1,300 ms. What a test leaves open is still reported.
  workerGracefulExitTimeout: 10_000,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/src/**/!(*.mocked).spec.ts',
        '<rootDir>/cli/src/**/*.spec.ts',
        '<rootDir>/test/score/**/*.spec.ts',
        '<rootDir>/scripts/!(manifests)/**/*.spec.ts',
        '<rootDir>/scripts/manifests/*.spec.ts',
      ],
    },
    // Jest's own runtime, which alone can put another module in the place of one.
    { ...base, runtime: undefined, displayName: 'mocked', testMatch: ['<rootDir>/src/**/*.mocked.spec.ts'] },
    { ...onDatabase, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.spec.ts'] },
    { ...onDatabase, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'] },
    ...(process.env.NEXUS_TEST_FAULTS === 'true' ? [faults] : []),
    ...(process.env.NEXUS_TEST_MANIFESTS === 'true' ? [manifests] : []),
    ...(process.env.NEXUS_TEST_GENERATED === 'true' ? [generated] : []),
    ...(process.env.NEXUS_TEST_TEMPORAL ? [temporal] : []),
    ...(process.env.NEXUS_TEST_MACHINE === 'true' ? [machine] : []),
  ],
};
