// Says in one line what a readiness probe answers, for scripts/deploy.sh. Ends with 0 when it is ready, else with 1.
const PATIENCE_MS = 3_000;

try {
  const answer = await fetch(process.argv[2], { signal: AbortSignal.timeout(PATIENCE_MS) });
  const body = await answer.json();
  const checks = Object.entries(body.error?.details?.checks ?? {}).filter(([, { status }]) => status !== 'up');
  const failing = checks.map(([name, { message }]) => `${name}: ${message}`).join('; ');
  process.stdout.write(`${failing || `HTTP ${answer.status}`}\n`);
  process.exitCode = answer.ok ? 0 : 1;
} catch {
  process.stdout.write('no answer\n');
  process.exitCode = 1;
}
