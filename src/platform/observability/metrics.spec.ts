import { figure, Metrics, Reading } from './metrics.js';

describe('a reading', () => {
  it('is taken once for all who ask at the same time, and kept for a while', async () => {
    let reads = 0;
    const reading = new Reading(async () => ++reads);
    expect(await Promise.all([reading.latest(), reading.latest()])).toEqual([1, 1]);
    expect(await reading.latest()).toBe(1);
  });

  it('is undefined when it fails, and is not tried again at once', async () => {
    let reads = 0;
    const reading = new Reading(() => {
      reads++;
      return Promise.reject(new Error('away'));
    });
    expect([await reading.latest(), await reading.latest()]).toEqual([undefined, undefined]);
    expect(reads).toBe(1);
  });

  it('is undefined while it takes longer than a scrape can wait', async () => {
    const reading = new Reading(() => new Promise<number>(() => undefined));
    expect(await reading.latest()).toBeUndefined();
  });
});

describe('a sampled figure', () => {
  it('is absent while it is not known, not zero', async () => {
    const metrics = new Metrics();
    metrics.sampled(
      () => Promise.reject(new Error('away')),
      [
        { name: 'plain', help: 'h', samples: () => figure(1) },
        { name: 'labelled', help: 'h', labels: ['kind'], samples: () => [{ labels: { kind: 'a' }, value: 1 }] },
      ],
    );
    metrics.sampled(async () => 7, [{ name: 'known', help: 'h', samples: figure }]);
    const lines = (await metrics.registry.metrics()).split('\n');
    expect(lines.filter((line) => /^(plain|labelled|known)/.test(line))).toEqual(['known 7']);
  });
});
