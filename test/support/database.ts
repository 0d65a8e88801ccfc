import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '../../src/platform/config/load-settings.js';
import type { Settings } from '../../src/platform/config/settings.js';
import { EngineProcess } from '../../src/platform/database/embedded/embedded-database.js';
import {
  dynamoDbLocal,
  dynoxide,
  type EngineProgram,
  freePort,
  LOOPBACK,
} from '../../src/platform/database/embedded/engine-program.js';

const PORT_ATTEMPTS = 5;
/** What is closed unless set, and most tests need: their services listen on loopback. */
export const OPEN = {
  NEXUS_ALLOW_PRIVATE_ADDRESSES: 'true',
  NEXUS_ALLOW_STDIO_TOOLS: 'true',
};
const directories: string[] = [];

afterAll(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A directory of the test file's own, removed when its tests have ended. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'nexus-test-'));
  directories.push(directory);
  return directory;
}

/**
 * A real DynamoDB engine, in memory: the one that NEXUS_TEST_ENGINE names (`dynoxide`, or `dynamodb-local`, which needs
 * Java 17), or the one that runs at DYNAMODB_TEST_ENDPOINT already. Test files share an engine by their table prefixes.
 * @param isOwn starts one for this test file alone
 */
export async function startDatabase(isOwn = false): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const endpoint = process.env['DYNAMODB_TEST_ENDPOINT'];
  if (endpoint && !isOwn) return { endpoint, stop: async () => undefined };
  const program = await testEngine();
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      const engine = await EngineProcess.start(program, port);
      return { endpoint: `http://${LOOPBACK}:${port}`, stop: () => engine.stop() };
    } catch (error) {
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** Settings of a test, from nothing but the overrides: own data directory, own table prefix, nothing of the environment. */
export function testSettings(overrides: Record<string, string> = {}): Settings {
  const prefix = overrides['NEXUS_TABLE_PREFIX'] ?? `test-${randomBytes(4).toString('hex')}-`;
  return parseSettings({
    ENVIRONMENT: 'test',
    LOG_LEVEL: 'silent',
    API_PORT: '0',
    // The twelve of production take a quarter of a second of CPU time for each password; no other environment takes fewer.
    ...(overrides['ENVIRONMENT'] === undefined ? { NEXUS_BCRYPT_ROUNDS: '4' } : {}),
    // On a busy machine the engine may need longer than a caller would wait.
    DYNAMODB_TIMEOUT_SECONDS: '60',
    NEXUS_DATA_DIR: overrides['NEXUS_DATA_DIR'] ?? temporaryDirectory(),
    // What is slow only on a busy machine is not logged.
    LOG_SLOW_QUERY_MS: '0',
    RATE_LIMIT_PER_MINUTE: '1000000',
    RATE_LIMIT_AUTH_PER_MINUTE: '1000000',
    RATE_LIMIT_ORCHESTRATION_PER_MINUTE: '1000000',
    ...OPEN,
    NEXUS_TABLE_PREFIX: prefix,
    ...temporalSettings(prefix),
    ...overrides,
  });
}

let temporalAddress: string | undefined;

/** Has every platform of this worker's tests use a Temporal server. See `temporal-suite.ts`. */
export function useTemporal(address: string): void {
  temporalAddress = address;
}

/** The settings for the Temporal server of the suite, if there is one. Task queues are the test's own. */
export function temporalSettings(queue: string): Record<string, string> {
  if (temporalAddress === undefined) return {};
  return {
    ...{ ENGINE: 'temporal', TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_TASK_QUEUE: `queue-${queue}` },
    // Temporal's test server keeps giving tasks to the cache of a worker that was killed.
    ...(process.env['TEMPORAL_CLI'] ? {} : { TEMPORAL_CACHED_WORKFLOWS: '0' }),
  };
}

async function testEngine(): Promise<EngineProgram> {
  const name = process.env['NEXUS_TEST_ENGINE'] ?? 'dynoxide';
  const program = name === 'dynamodb-local' ? await dynamoDbLocal() : dynoxide();
  if (!program) throw new Error(`The test engine ${name} cannot run on this machine`);
  return program;
}
