import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = { dynoxide: 'the embedded engine (Dynoxide)', 'dynamodb-local': "AWS's DynamoDB Local" };
let announced = false;

/**
 * Says by name which DynamoDB engine the tests run on, and makes a place for the logs that are searched for secrets. All test
 * files share one DynamoDB Local, because starting Java takes longer than most of them; `stop-engine.js` ends it.
 */
export default async function prepareEngine() {
  if (announced) return;
  announced = true;
  const engine = process.env.NEXUS_TEST_ENGINE ?? 'dynoxide';
  process.env.NEXUS_TEST_LOGS = mkdtempSync(join(tmpdir(), 'nexus-test-logs-'));
  process.stdout.write(`\nDatabase engine: ${NAMES[engine] ?? engine}\n`);
  if (engine === 'dynamodb-local') process.env.DYNAMODB_TEST_ENDPOINT ??= await startShared();
}

async function startShared() {
  const folder = '../../dist/platform/database/embedded';
  const { EngineProcess } = await import(`${folder}/embedded-database.js`);
  const { dynamoDbLocal, freePort, LOOPBACK } = await import(`${folder}/engine-program.js`);
  const program = await dynamoDbLocal();
  if (!program) throw new Error('DynamoDB Local needs Java 17 or newer, and npm run ci:install');
  const port = await freePort();
  globalThis.sharedEngine = await EngineProcess.start(program, port);
  return `http://${LOOPBACK}:${port}`;
}
