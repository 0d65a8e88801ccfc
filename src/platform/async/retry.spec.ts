import { ConflictError } from '../../shared/domain-error.js';
import { retryOn } from './retry.js';

class ChangedError extends ConflictError {}

describe('a retry on a conflict', () => {
  it('repeats the work until it wins', async () => {
    let attempts = 0;
    const work = async (): Promise<number> => {
      attempts += 1;
      if (attempts < 3) throw new ChangedError('changed');
      return attempts;
    };
    expect(await retryOn(ChangedError, work)).toBe(3);
  });

  it('gives up after the last attempt, and at once on another error', async () => {
    let attempts = 0;
    const failing = (error: Error) => async (): Promise<void> => {
      attempts += 1;
      throw error;
    };
    await expect(retryOn(ChangedError, failing(new ChangedError('changed')), 4)).rejects.toThrow('changed');
    expect(attempts).toBe(4);
    await expect(retryOn(ChangedError, failing(new TypeError('a fault')))).rejects.toThrow('a fault');
    expect(attempts).toBe(5);
  });
});
