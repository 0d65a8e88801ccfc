// The platform's only door to Temporal's SDK; `src/engine/temporal/temporal-sdk.ts` describes it. It stands apart because
// the SDK takes 263 MB: npm run temporal:install.
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';

const WORKFLOWS = fileURLToPath(new URL('./workflow.mjs', import.meta.url));
const QUIET = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} };

/** Sends what the SDK logs to the platform's log. Once a process, before anything else of the SDK. */
function logTo(log) {
  if (Runtime._instance) return;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ message, meta }) => {
      // A worker for steps only has no workflows.
      if (!message.startsWith('No ')) log(message, meta?.error);
    }),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} },
    },
  });
}

/** Connects when it is first used, so that the platform starts without a cluster. */
export function openClient({ address, namespace, tls, api_key }) {
  const connection = Connection.lazy({
    address,
    connectTimeout: '2s',
    ...(tls ? { tls } : {}),
    ...(api_key ? { apiKey: api_key } : {}),
  });
  const client = new Client({ connection, namespace });
  return {
    async check(within_ms) {
      await connection.withDeadline(Date.now() + within_ms, async () => {
        await connection.ensureConnected();
        await connection.workflowService.getSystemInfo({});
      });
    },
    /** Starts the workflow of a run, or wakes the one that runs. */
    async ensure({ workflow_id, queue, args, within_ms }) {
      await connection.withDeadline(Date.now() + within_ms, () =>
        client.workflow.signalWithStart('durableRun', {
          workflowId: workflow_id,
          taskQueue: queue,
          args: [args],
          signal: 'wake',
          signalArgs: [],
        }),
      );
    },
    close: () => connection.close(),
  };
}

/** Workers for the workflows and for the steps of each kind, until `stop`. `failed` rejects when one of them breaks. */
export async function startWorkers({
  address,
  namespace,
  tls,
  api_key,
  queue,
  lanes,
  decide,
  runStep,
  cached,
  lease_seconds,
  log,
}) {
  logTo(log);
  const workflowBundle = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: QUIET });
  const connection = await NativeConnection.connect({
    address,
    ...(tls ? { tls } : {}),
    ...(api_key ? { apiKey: api_key } : {}),
  });
  const common = { connection, namespace, shutdownGraceTime: '4s', maxHeartbeatThrottleInterval: '2s' };
  const step = (input) => {
    const { cancellationSignal, info, heartbeat } = Context.current();
    const beat = heartbeat.bind(Context.current());
    const timer = setInterval(beat, (lease_seconds * 1000) / 3);
    beat();
    return runStep({ ...input, signal: cancellationSignal, attempt: info.attempt, heartbeat: beat }).finally(() =>
      clearInterval(timer),
    );
  };
  const workers = [
    await Worker.create({
      ...common,
      taskQueue: queue,
      workflowBundle,
      activities: { decide },
      ...(cached === undefined ? {} : { maxCachedWorkflows: cached }),
    }),
  ];
  for (const { step_queue, slots } of lanes)
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: step_queue,
        activities: { runStep: step },
        maxConcurrentActivityTaskExecutions: slots,
      }),
    );
  const running = workers.map((worker) => worker.run());
  const over = Promise.allSettled(running).then(() => connection.close().catch(() => undefined));
  return {
    failed: Promise.race(running.map((run) => run.then(() => new Promise(() => undefined)))),
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await over;
    },
  };
}
