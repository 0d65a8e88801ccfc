import { RunSlots } from './background-runs.service.js';

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('gives slots in the order of arrival and never more than there are', async () => {
  const slots = new RunSlots(2);
  const entered: number[] = [];
  const leaves: (() => void)[] = [];
  for (const number of [1, 2, 3, 4])
    void slots.enter(never).then((leave) => {
      entered.push(number);
      leaves.push(leave);
    });
  await settled();
  expect(entered).toEqual([1, 2]);
  leaves[0]?.();
  leaves[0]?.();
  await settled();
  expect(entered).toEqual([1, 2, 3]);
  leaves[1]?.();
  await settled();
  expect(entered).toEqual([1, 2, 3, 4]);
});

it('a run that is stopped while it waits continues at once and takes no slot', async () => {
  const slots = new RunSlots(1);
  const leave = await slots.enter(never);
  const stop = new AbortController();
  const stopped = slots.enter(stop.signal);
  const last = slots.enter(never);
  stop.abort();
  (await stopped)();
  leave();
  (await last)();
  (await slots.enter(never))();
});
