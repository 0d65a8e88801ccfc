import { Budgets } from './rate-limits.js';

describe('a budget', () => {
  const budgets = Budgets.inMemory();

  it('is spent one request at a time, then refuses and says how long', async () => {
    expect(await budgets.spend('default', 'alice', 2)).toEqual({ allowed: true, remaining: 1, seconds_left: 60 });
    expect(await budgets.spend('default', 'alice', 2)).toMatchObject({ allowed: true, remaining: 0 });
    const refused = await budgets.spend('default', 'alice', 2);
    expect(refused).toMatchObject({ allowed: false, remaining: 0 });
    expect(refused.seconds_left).toBeGreaterThan(0);
    expect(refused.seconds_left).toBeLessThanOrEqual(60);
  });

  it('is of one client and one name', async () => {
    expect(await budgets.spend('default', 'bob', 2)).toMatchObject({ remaining: 1 });
    expect(await budgets.spend('auth', 'alice', 2)).toMatchObject({ remaining: 1 });
  });
});
