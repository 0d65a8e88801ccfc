import { RunSlots } from './run-slots.js';

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('slots go to those who wait in the order of their arrival, and never to more than there are', async () => {
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

it('who is stopped while waiting goes on at once and takes no slot', async () => {
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
