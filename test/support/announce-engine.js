const NAMES = { dynoxide: 'the embedded engine (Dynoxide)', 'dynamodb-local': "AWS's DynamoDB Local" };
let announced = false;

/** Says by name which DynamoDB engine the tests run on. */
export default function announceEngine() {
  if (announced) return;
  announced = true;
  const engine = process.env.NEXUS_TEST_ENGINE ?? 'dynoxide';
  process.stdout.write(`\nDatabase engine: ${NAMES[engine] ?? engine}\n`);
}
