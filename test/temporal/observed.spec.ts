import { spawnSync } from 'node:child_process';
import { freePort } from '../../src/platform/database/embedded/engine-program.js';
import { temporalSettings, temporaryDirectory } from '../support/database.js';
import { CountingServer, publishedFlow, runWhen } from '../support/flows.js';
import { eventually } from '../support/http.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { PlatformProcess } from '../support/platform-process.js';

const PATIENCE_MS = 120_000;
const CLIENT = 3;
/** Temporal's test server has no search attributes. */
const cli = process.env['TEMPORAL_CLI'];

let platform: PlatformProcess;
let receiver: OtlpReceiver;
let settings: Record<string, string>;
let metrics_url: string;

/** A process of its own, because the SDK takes where its metrics go once a process. */
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  const metrics_address = `127.0.0.1:${await freePort()}`;
  metrics_url = `http://${metrics_address}/metrics`;
  settings = {
    ...temporalSettings('observed'),
    NEXUS_DATA_DIR: temporaryDirectory(),
    NEXUS_TABLE_PREFIX: 'observed-',
    TEMPORAL_METRICS_ADDRESS: metrics_address,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '50',
  };
  platform = await PlatformProcess.start(settings);
});
afterAll(async () => {
  await platform.kill('SIGKILL');
  await receiver.stop();
});

it('continues the trace of the request in what its flow run does, and shows the figures of the SDK', async () => {
  const service = await CountingServer.start();
  try {
    const { http } = platform;
    const steps = [
      { id: 'pause', wait: { seconds: 1 } },
      { id: 'total', needs: ['pause'], http: { method: 'GET', url: `${service.url}/total` } },
    ];
    const flow_id = await publishedFlow(http, { timeout_seconds: 600, steps });
    const trace_id = 'd'.repeat(32);
    const traceparent = `00-${trace_id}-00f067aa0ba902b7-01`;
    const path = `/api/v1/flows/${flow_id}/runs`;
    const { data: run } = await http.post<{ run_id: string }>(path, {}, { traceparent });
    expect(await runWhen(http, run.run_id, undefined, PATIENCE_MS)).toMatchObject({ status: 'completed' });
    // The step runs after a timer of Temporal, long after the request has ended.
    const spans = await eventually(
      async () => receiver.ofTrace(trace_id),
      (all) => all.some(({ kind, attributes }) => kind === CLIENT && attributes['server.address'] === '127.0.0.1'),
      PATIENCE_MS,
    );
    expect(spans.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['POST /api/v1/flows/:flow_id/runs', 'GET']) as unknown,
    );
  } finally {
    await service.close();
  }
  // Its workflow ends a moment after the run.
  const figures = await eventually(
    async () => (await fetch(metrics_url)).text(),
    (text) => /^temporal_workflow_completed\S*workflow_type="durableRun"\S* \d+$/m.test(text),
    PATIENCE_MS,
  );
  expect(figures).toMatch(/^temporal_activity_execution_latency\S*activity_type="drive"/m);
});

if (cli)
  it('lets runs be found by their organization, kind and project', async () => {
    const { http } = platform;
    const requirement = 'A calculator assistant that works out totals, discounts and percentages.';
    const { project_id } = (await http.post<{ project_id: string }>('/api/v1/projects', { requirement })).data;
    const listed = (query: string): string[] => {
      const address = settings['TEMPORAL_ADDRESS'] ?? '';
      const args = ['workflow', 'list', '--address', address, '--query', query, '--output', 'json'];
      const { stdout } = spawnSync(cli, args, { encoding: 'utf8' });
      return (JSON.parse(stdout) as { execution: { workflowId: string } }[]).map(
        ({ execution }) => execution.workflowId,
      );
    };
    const found = await eventually(
      async () => listed(`NexusOrganization = 'default' AND NexusKind = 'build' AND NexusProject = '${project_id}'`),
      ({ length }) => length > 0,
    );
    expect(found).toEqual([expect.stringMatching(/^observed-bld_/)]);
    expect(listed(`NexusKind = 'flow_run' AND NexusProject = '${project_id}'`)).toEqual([]);
  });
