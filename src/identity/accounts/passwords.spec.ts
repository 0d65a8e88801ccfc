import { parseSettings } from '../../platform/config/load-settings.js';
import { Passwords } from './passwords.js';

const passwords = new Passwords(parseSettings({ ENVIRONMENT: 'test', NEXUS_BCRYPT_ROUNDS: '10' }));
const took = async (work: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    await work();
    times.push(performance.now() - begun);
  }
  return Math.min(...times);
};

describe('passwords', () => {
  it('match their own hash only', async () => {
    const hash = await passwords.hash('seven quiet harbours');
    expect(hash).toMatch(/^\$2b\$10\$/);
    expect(await passwords.matches('seven quiet harbours', hash)).toBe(true);
    expect(await passwords.matches('seven quiet harbour', hash)).toBe(false);
    expect(await passwords.matches('seven quiet harbours', null)).toBe(false);
  });

  it('take as long to compare with nothing', async () => {
    const hash = await passwords.hash('seven quiet harbours');
    const known = await took(() => passwords.matches('a guess', hash));
    const unknown = await took(() => passwords.matches('a guess', undefined));
    expect(unknown).toBeGreaterThan(known * 0.5);
    expect(unknown).toBeLessThan(known * 2);
  });

  it.each([
    'short',
    'passwordpassword',
    'PASSWORDPASSWORD',
    'aaaaaaaaaaaaaaaa',
    'ada@example.com',
    'x'.repeat(40) + 'ä'.repeat(17),
  ])('that are bad are refused: %s', async (password) => {
    await expect(passwords.requireGood('password', password, 'ada@example.com')).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      details: { fields: { password: expect.any(Array) as unknown } },
    });
  });

  it('of the right length that nobody else has are taken', async () => {
    await expect(passwords.requireGood('password', 'nine purple lanterns', 'ada@example.com')).resolves.toBeUndefined();
  });
});
