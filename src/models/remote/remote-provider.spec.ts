import { ModelError, type ModelErrorOptions } from '../model-error.js';
import { CallPolicy } from './remote-provider.js';

const called = { provider: 'p', model: 'm' };

function policy(retries: number, breakerFailures = 50): CallPolicy {
  return new CallPolicy({ retries, breakerFailures, breakerSeconds: 60 });
}

/** Fails with each of the faults in turn, then answers. */
function failing(...faults: ModelErrorOptions[]) {
  let calls = 0;
  return {
    get calls() {
      return calls;
    },
    attempt: async (): Promise<string> => {
      const fault = faults[calls++];
      if (fault) throw new ModelError('failed', fault);
      return 'answer';
    },
  };
}

describe('CallPolicy', () => {
  it('tries again what may pass, and no more often than it is told', async () => {
    const passing = failing({ fault: 'outage' }, { fault: 'rate_limit', retryAfterMs: 1 });
    await expect(policy(2).execute(called, passing.attempt)).resolves.toBe('answer');
    const lasting = failing({ fault: 'outage' }, { fault: 'outage' }, { fault: 'outage' });
    await expect(policy(1).execute(called, lasting.attempt)).rejects.toMatchObject({ fault: 'outage' });
    expect(lasting.calls).toBe(2);
  });

  it.each([
    { fault: 'authentication' },
    { fault: 'malformed' },
    { fault: 'rate_limit', retryAfterMs: 31_000 },
  ] as const)('passes %j on at once', async (fault) => {
    const one = failing(fault);
    await expect(policy(5).execute(called, one.attempt)).rejects.toMatchObject({ fault: fault.fault });
    expect(one.calls).toBe(1);
  });

  it('waits as long as the provider asks', async () => {
    const started = performance.now();
    await policy(1).execute(called, failing({ fault: 'rate_limit', retryAfterMs: 200 }).attempt);
    expect(performance.now() - started).toBeGreaterThanOrEqual(195);
  });

  it('stops waiting when the caller gives up', async () => {
    const gone = new AbortController();
    const call = policy(1).execute(called, failing({ fault: 'outage', retryAfterMs: 20_000 }).attempt, gone.signal);
    setImmediate(() => gone.abort(new Error('gone')));
    await expect(call).rejects.toThrow('gone');
  });

  it('opens for outages and time-outs only, and then calls nobody', async () => {
    const guarded = policy(0, 2);
    const busy = failing(...Array.from({ length: 5 }, () => ({ fault: 'rate_limit' as const })));
    for (let call = 0; call < 5; call++) await guarded.execute(called, busy.attempt).catch(() => undefined);
    expect(guarded.state).toBe('closed');
    const down = failing({ fault: 'outage' }, { fault: 'timeout' });
    for (let call = 0; call < 2; call++) await guarded.execute(called, down.attempt).catch(() => undefined);
    expect(guarded.state).toBe('open');
    await expect(guarded.execute(called, down.attempt)).rejects.toMatchObject({
      fault: 'outage',
      details: { breaker: 'open', retry_after_seconds: 60 },
    });
    expect(down.calls).toBe(2);
  });

  it('counts a stream that broke after its call had succeeded', async () => {
    const guarded = policy(0, 2);
    for (let call = 0; call < 2; call++) guarded.failed(new ModelError('broke', { fault: 'outage' }));
    await new Promise(setImmediate);
    expect(guarded.state).toBe('open');
  });
});
