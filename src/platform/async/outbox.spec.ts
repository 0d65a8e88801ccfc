import { setImmediate as turn } from 'node:timers/promises';
import { Outbox } from './outbox.js';

async function looked(isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!isDone() && performance.now() < deadline) await turn();
}

describe('Outbox', () => {
  it('reads on while full looks are claimed, and stops at one that others claim', async () => {
    const records = [1, 2, 3, 4, 5];
    const attempted: number[] = [];
    const outbox = new Outbox<number>({
      at_a_time: 2,
      due: (limit) => Promise.resolve(records.slice(attempted.length, attempted.length + limit)),
      attempt: (record) => Promise.resolve(attempted.push(record) > 0 && record < 3),
      failed: (error) => {
        throw error;
      },
    });
    outbox.kick();
    await looked(() => attempted.length === 4);
    await outbox.stop();
    expect(attempted).toEqual([1, 2, 3, 4]);
  });

  it('looks once more after a pass in which it was kicked, also when that pass failed', async () => {
    const failures: unknown[] = [];
    let looks = 0;
    let lookedAgain = (): void => undefined;
    const again = new Promise<void>((resolve) => (lookedAgain = resolve));
    const outbox: Outbox<number> = new Outbox<number>({
      at_a_time: 2,
      due: async () => {
        looks += 1;
        if (looks === 2) lookedAgain();
        if (looks > 1) return [];
        outbox.kick();
        throw new Error('the database does not answer');
      },
      attempt: () => Promise.resolve(true),
      failed: (error) => failures.push(error),
    });
    outbox.kick();
    await again;
    await outbox.stop();
    expect(looks).toBe(2);
    expect(failures).toEqual([new Error('the database does not answer')]);
  });

  it('looks no more once it is stopped', async () => {
    let looks = 0;
    const outbox = new Outbox<number>({
      at_a_time: 2,
      due: () => Promise.resolve((looks += 1) > 0 ? [] : []),
      attempt: () => Promise.resolve(true),
      failed: () => undefined,
    });
    await outbox.stop();
    outbox.kick();
    expect([looks, outbox.signal.aborted]).toEqual([0, true]);
  });
});
