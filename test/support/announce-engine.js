import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = { dynoxide: 'the embedded engine (Dynoxide)', 'dynamodb-local': "AWS's DynamoDB Local" };
let announced = false;

/** Says by name which DynamoDB engine the tests run on, and makes a place for the logs that are searched for secrets. */
export default function announceEngine() {
  if (announced) return;
  announced = true;
  const engine = process.env.NEXUS_TEST_ENGINE ?? 'dynoxide';
  process.env.NEXUS_TEST_LOGS = mkdtempSync(join(tmpdir(), 'nexus-test-logs-'));
  process.stdout.write(`\nDatabase engine: ${NAMES[engine] ?? engine}\n`);
}
