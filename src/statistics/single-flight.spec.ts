import { SingleFlight } from './statistics-aggregator.js';

function controlled() {
  const runs: { end: () => void; fail: (error: Error) => void }[] = [];
  const flight = new SingleFlight(() => new Promise<void>((end, fail) => runs.push({ end, fail })));
  return { flight, runs };
}

describe('single flight', () => {
  it('lets all who ask during a run share the one after it', async () => {
    const { flight, runs } = controlled();
    const first = flight.run();
    const later = [flight.run(), flight.run()];
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    await first;
    await Promise.resolve();
    expect(runs).toHaveLength(2);
    runs[1]?.end();
    await Promise.all(later);
    expect(runs).toHaveLength(2);
  });

  it('begins anew for whoever asks after a run', async () => {
    const { flight, runs } = controlled();
    const first = flight.run();
    runs[0]?.end();
    await first;
    const second = flight.run();
    expect(runs).toHaveLength(2);
    runs[1]?.end();
    await second;
  });

  it('runs again after a failure', async () => {
    const { flight, runs } = controlled();
    const first = flight.run();
    const second = flight.run();
    runs[0]?.fail(new Error('no database'));
    await expect(first).rejects.toThrow('no database');
    await Promise.resolve();
    runs[1]?.end();
    await expect(second).resolves.toBeUndefined();
  });
});
