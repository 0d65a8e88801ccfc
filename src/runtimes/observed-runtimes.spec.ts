import { Metrics } from '../platform/observability/metrics.js';
import { Tracing } from '../platform/observability/tracing/tracing.js';
import { AgentRunError, type AgentEvent, type AgentRun, type AgentRuntime } from './agent-runtime.js';
import { ObservedRuntimes, RunMetrics, Runtimes } from './observed-runtimes.js';

const RUN = { agent_id: 'a', session_id: 's', definition: { agent_name: 'n', model_id: null } } as unknown as AgentRun;
const DONE = {
  type: 'done',
  result: { output: 'x', model: 'm', usage: { input_tokens: 7, output_tokens: 3 }, steps: [], cost_usd: 0.25 },
} as AgentEvent;

/** Runs once and gives the samples that are no parts of the histogram. */
async function observe(
  events: () => AsyncIterable<AgentEvent>,
  consume: (events: AsyncIterable<AgentEvent>) => Promise<unknown>,
): Promise<string[]> {
  const metrics = new Metrics();
  const runtimes = new Runtimes([{ kind: 'local', run: events } as unknown as AgentRuntime]);
  const observed = new ObservedRuntimes(runtimes, new RunMetrics(metrics), Tracing.off());
  await consume(observed.get('local').run(RUN)).catch(() => undefined);
  return (await metrics.registry.metrics()).split('\n').filter((line) => /^nexus_.*_total\{/.test(line));
}

async function all(events: AsyncIterable<AgentEvent>): Promise<number> {
  let count = 0;
  for await (const event of events) if (event.type !== 'start') count += 1;
  return count;
}

it('counts a run that answers, with its tokens and its cost where that is known', async () => {
  const lines = await observe(async function* () {
    yield DONE;
  }, all);
  expect(lines).toEqual([
    'nexus_invocations_total{runtime="local",outcome="success"} 1',
    'nexus_invocation_tokens_total{runtime="local",direction="input"} 7',
    'nexus_invocation_tokens_total{runtime="local",direction="output"} 3',
    'nexus_invocation_cost_usd_total{runtime="local"} 0.25',
  ]);
});

it('counts a run that fails by its reason, with the tokens that it had used', async () => {
  const lines = await observe(async function* () {
    yield { type: 'start', model: 'm' };
    throw new AgentRunError('timeout', 'late', [], { input_tokens: 2, output_tokens: 0 });
  }, all);
  expect(lines).toContain('nexus_invocations_total{runtime="local",outcome="timeout"} 1');
  expect(lines).toContain('nexus_invocation_tokens_total{runtime="local",direction="input"} 2');
});

it('counts what is no error of a run as one of the runtime', async () => {
  const lines = await observe(async function* () {
    yield DONE;
    throw new Error('broken');
  }, all);
  expect(lines[0]).toBe('nexus_invocations_total{runtime="local",outcome="runtime"} 1');
});

it('counts a run as cancelled that its consumer leaves, and tells the runtime', async () => {
  let isTold = false;
  const lines = await observe(
    async function* () {
      try {
        yield { type: 'start', model: 'm' };
        yield DONE;
      } finally {
        isTold = true;
      }
    },
    async (events) => {
      for await (const event of events) if (event.type === 'start') break;
    },
  );
  expect(lines).toEqual(['nexus_invocations_total{runtime="local",outcome="cancelled"} 1']);
  expect(isTold).toBe(true);
});
