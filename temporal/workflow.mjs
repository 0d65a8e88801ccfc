// The one generic workflow: drives `next` and `runStep` of a workflow kind as activities. It is bundled for Temporal's
// sandbox, so it imports nothing but @temporalio/workflow. Change it only behind `patched()`: running workflows replay it.
import {
  ActivityCancellationType,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

const RETRY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s' };
/** A run that stops takes its steps with it; a step that ignores its signal is not waited for any longer. */
const STEP_TIMEOUT = '30 days';

export async function durableRun({ kind, run_id, step_queue, lease_seconds }) {
  const { decide } = proxyActivities({ startToCloseTimeout: '60s', retry: RETRY });
  const { runStep } = proxyActivities({
    taskQueue: step_queue,
    startToCloseTimeout: STEP_TIMEOUT,
    heartbeatTimeout: `${lease_seconds}s`,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: RETRY,
  });
  const inFlight = new Map();
  const endedSinceRead = new Set();
  let changes = 0;
  setHandler(defineSignal('wake'), () => {
    changes += 1;
  });

  const begin = (step_id) => {
    const scope = new CancellationScope();
    const ended = scope
      .run(() => runStep({ kind, run_id, step_id }))
      .catch((error) => {
        if (!isCancellation(error)) throw error;
      })
      .finally(() => {
        inFlight.delete(step_id);
        endedSinceRead.add(step_id);
        changes += 1;
      });
    inFlight.set(step_id, { scope, ended });
  };

  const cancel = (ids) => {
    for (const id of ids) inFlight.get(id)?.scope.cancel();
  };

  for (;;) {
    const seen = changes;
    endedSinceRead.clear();
    const decision = await decide({ kind, run_id });
    if (decision.do === 'done') {
      const left = [...inFlight.values()].map(({ ended }) => ended);
      cancel([...inFlight.keys()]);
      await Promise.all(left);
      return;
    }
    if (changes !== seen && inFlight.size === 0) continue;
    if (decision.do === 'run') {
      if (decision.stop_others) cancel([...inFlight.keys()].filter((id) => !decision.steps.includes(id)));
      // A long history is left behind first: what runs may end, and nothing else begins in it.
      if (!workflowInfo().continueAsNewSuggested)
        for (const id of decision.steps) if (!inFlight.has(id) && !endedSinceRead.has(id)) begin(id);
    }
    if (inFlight.size === 0 && changes === seen && workflowInfo().continueAsNewSuggested)
      await continueAsNew({ kind, run_id, step_queue, lease_seconds });
    const isChanged = () => changes !== seen;
    if (decision.until === undefined) await condition(isChanged);
    else {
      const wait_ms = Date.parse(decision.until) - Date.now();
      if (wait_ms > 0) await condition(isChanged, wait_ms);
    }
  }
}
