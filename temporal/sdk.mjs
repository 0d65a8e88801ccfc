// The platform's only door to Temporal's SDK; `src/engine/temporal/temporal-sdk.ts` describes it. It stands apart because
// the SDK takes 263 MB: npm run temporal:install.
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import {
  Client,
  Connection,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
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
const ATTRIBUTES = { organization: 'NexusOrganization', kind: 'NexusKind', project: 'NexusProject' };

/** Sends what the SDK logs to the platform's log and its figures to where they are collected. Once a process, before anything else. */
function install({ log, metrics }) {
  if (Runtime._instance) return;
  const exporter = metrics?.address
    ? { prometheus: { bindAddress: metrics.address } }
    : metrics?.otlp_url
      ? { otel: { url: metrics.otlp_url, http: true, metricsExportInterval: '15s' } }
      : undefined;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ message, meta }) => {
      // A worker for steps only has no workflows.
      if (!message.startsWith('No ')) log(message, meta?.error);
    }),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} },
      ...(exporter ? { metrics: exporter } : {}),
    },
  });
}

/** The workflows as one file, for `npm run build`. */
export async function bundleWorkflows() {
  return (await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: QUIET })).code;
}

/** An older file than the workflows is of no use. */
const isCurrent = (file) =>
  file !== undefined && existsSync(file) && statSync(file).mtimeMs >= statSync(WORKFLOWS).mtimeMs;

const bundleOf = async (file) => (isCurrent(file) ? { codePath: file } : { code: await bundleWorkflows() });

/** @throws when the recorded history of a workflow does not fit the workflows of today */
export async function replay(history, bundle_file) {
  install({ log() {} });
  await Worker.runReplayHistory({ workflowBundle: await bundleOf(bundle_file) }, history);
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
  const within = (within_ms, call) => connection.withDeadline(Date.now() + within_ms, call);
  /** Names of the search attributes that the namespace has; read once. */
  let known;
  const knownAttributes = async () => {
    known ??= await connection.operatorService.listSearchAttributes({ namespace }).then(
      ({ customAttributes }) => new Set(Object.keys(customAttributes ?? {})),
      // Test servers do not have the call, and an API key may not be allowed to make it.
      () => new Set(),
    );
    return known;
  };
  const attributesOf = async (about) => {
    const names = await knownAttributes();
    return Object.entries(ATTRIBUTES).flatMap(([field, name]) =>
      about[field] !== undefined && names.has(name)
        ? [{ key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD), value: about[field] }]
        : [],
    );
  };
  return {
    async check(within_ms) {
      await within(within_ms, async () => {
        await connection.ensureConnected();
        await connection.workflowService.describeNamespace({ namespace });
      });
    },
    /** Starts the workflow of a run, or wakes the one that runs. */
    async ensure({ workflow_id, queue, args, about, within_ms }) {
      await within(within_ms, async () => {
        const attributes = await attributesOf(about);
        await client.workflow.signalWithStart('durableRun', {
          workflowId: workflow_id,
          taskQueue: queue,
          args: [args],
          signal: 'wake',
          signalArgs: [],
          memo: about,
          ...(attributes.length > 0 ? { typedSearchAttributes: attributes } : {}),
        });
      });
    },
    /** Wakes the workflow of a run, if it has one. */
    async wake({ workflow_id, within_ms }) {
      try {
        await within(within_ms, () => client.workflow.getHandle(workflow_id).signal('wake'));
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },
    /** Has `fire` called at each time of a schedule; replaces an earlier one with the same id. */
    async schedule({ schedule_id, workflow_id, queue, args, cron, every_ms, first_at, timezone, within_ms }) {
      // Six fields begin with the seconds; Temporal wants the year as well then.
      const pattern = cron?.trim().split(/\s+/).length === 6 ? `${cron} *` : cron;
      const offset = Date.parse(first_at) % every_ms;
      const spec =
        cron === undefined ? { intervals: [{ every: every_ms, offset }] } : { cronExpressions: [pattern], timezone };
      const action = {
        type: 'startWorkflow',
        workflowType: 'scheduledTime',
        workflowId: workflow_id,
        taskQueue: queue,
        args: [args],
      };
      const policies = { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: '1 day' };
      await within(within_ms, async () => {
        await client.schedule.getHandle(schedule_id).delete().catch(ignoreMissing);
        await client.schedule.create({ scheduleId: schedule_id, spec, action, policies });
      });
    },
    async unschedule({ schedule_id, within_ms }) {
      await within(within_ms, () => client.schedule.getHandle(schedule_id).delete().catch(ignoreMissing));
    },
    close: () => connection.close(),
  };
}

function ignoreMissing(error) {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}

/** Workers for the workflows and for the runs of each kind, until `stop`. `failed` rejects when one of them breaks. */
export async function startWorkers({
  address,
  namespace,
  tls,
  api_key,
  queue,
  lanes,
  bundle_file,
  drive,
  fire,
  cached,
  lease_seconds,
  log,
  metrics,
}) {
  install({ log, metrics });
  const workflowBundle = await bundleOf(bundle_file);
  const connection = await NativeConnection.connect({
    address,
    ...(tls ? { tls } : {}),
    ...(api_key ? { apiKey: api_key } : {}),
  });
  const common = { connection, namespace, shutdownGraceTime: '4s', maxHeartbeatThrottleInterval: '2s' };
  const beating = async (input) => {
    const { cancellationSignal, heartbeat } = Context.current();
    const beat = heartbeat.bind(Context.current());
    const timer = setInterval(beat, (lease_seconds * 1000) / 3);
    beat();
    try {
      return await drive({ ...input, signal: cancellationSignal });
    } finally {
      clearInterval(timer);
    }
  };
  const workers = [];
  try {
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: queue,
        workflowBundle,
        activities: { fire },
        ...(cached === undefined ? {} : { maxCachedWorkflows: cached }),
      }),
    );
    for (const { step_queue, slots } of lanes)
      workers.push(
        await Worker.create({
          ...common,
          taskQueue: step_queue,
          activities: { drive: beating },
          maxConcurrentActivityTaskExecutions: slots,
        }),
      );
  } catch (error) {
    await connection.close().catch(() => undefined);
    throw error;
  }
  const running = workers.map((worker) => worker.run());
  const over = Promise.allSettled(running).then(() => connection.close().catch(() => undefined));
  return {
    failed: Promise.race(running.map((run) => run.then(() => new Promise(() => undefined)))),
    /** Takes nothing more; what runs may end. */
    leave() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
    over,
  };
}
