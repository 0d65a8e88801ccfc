// The one generic workflow: has a durable run driven by an activity whenever its time has come or it was woken. It is bundled for
// Temporal's sandbox, so it imports nothing but @temporalio/workflow. Change it only behind `patched()`: running workflows replay it,
// and `npm run test:temporal-java` replays the histories in test/temporal/histories.
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';

const RETRY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' };
/** A drive ends when its run is parked; its heartbeats show that its process lives. */
const LONGEST_DRIVE = '60 days';
const NEARLY_DUE_MS = 60_000;

export async function durableRun(args) {
  const { kind, run_id, step_queue, lease_seconds, priority = 5, continued = false } = args;
  if (!kind || !run_id) throw ApplicationFailure.nonRetryable('durableRun needs a kind and a run_id');
  const { drive } = proxyActivities({
    taskQueue: step_queue,
    startToCloseTimeout: LONGEST_DRIVE,
    heartbeatTimeout: `${lease_seconds}s`,
    retry: RETRY,
    // Temporal's go from 1, the first, to 5.
    priority: { priorityKey: 5 - Math.floor(priority / 2) },
  });
  let wakes = 0;
  setHandler(defineSignal('wake'), () => {
    wakes += 1;
  });
  // A run is ended through the platform. A workflow that were cancelled here would leave its run without an engine.
  await CancellationScope.nonCancellable(async () => {
    // The signal that started the workflow is no reason to drive the run twice.
    if (!continued) await condition(() => wakes > 0);
    for (;;) {
      const seen = wakes;
      const isWoken = () => wakes !== seen;
      const { over = false, again = false, wait_ms } = await drive({ kind, run_id, trace: args.trace });
      if (isWoken() || again) continue;
      if (over) return;
      if (workflowInfo().continueAsNewSuggested) await continueAsNew({ ...args, continued: true });
      if (wait_ms === undefined) await condition(isWoken);
      else if (wait_ms > 0) await wokenOrAfter(isWoken, wait_ms);
    }
  });
}

/**
 * `condition` with a timeout cancels its timer in the workflow task of the wake. Temporal's Java test server loses that task when the
 * timer fires at the same moment. So a timer that is nearly due is left to fire, which does nothing.
 */
async function wokenOrAfter(isWoken, wait_ms) {
  const due = Date.now() + wait_ms;
  const scope = new CancellationScope();
  const fired = scope.run(() => sleep(wait_ms)).catch(() => undefined);
  await Promise.race([fired, condition(isWoken)]);
  if (due - Date.now() > NEARLY_DUE_MS) scope.cancel();
}

/** One time of a schedule. */
export async function scheduledTime({ schedule_id, schedule_queue }) {
  const { fire } = proxyActivities({ taskQueue: schedule_queue, startToCloseTimeout: '60s', retry: RETRY });
  await fire({ schedule_id });
}
