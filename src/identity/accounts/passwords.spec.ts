import { monitorEventLoopDelay } from 'node:perf_hooks';
import { jest } from '@jest/globals';
import bcrypt from 'bcrypt';
import { parseSettings } from '../../platform/config/load-settings.js';
import { Passwords } from './passwords.js';

const passwords = new Passwords(parseSettings({ ENVIRONMENT: 'test', NEXUS_BCRYPT_ROUNDS: '10' }));

describe('passwords', () => {
  it('match their own hash only', async () => {
    const hash = await passwords.hash('seven quiet harbours');
    expect(hash).toMatch(/^\$2b\$10\$/);
    expect(await passwords.matches('seven quiet harbours', hash)).toBe(true);
    expect(await passwords.matches('seven quiet harbour', hash)).toBe(false);
    expect(await passwords.matches('seven quiet harbours', null)).toBe(false);
  });

  it('are compared with a hash of as many rounds when there is nothing to compare with', async () => {
    const compare = jest.spyOn(bcrypt, 'compare');
    const hash = await passwords.hash('seven quiet harbours');
    await passwords.matches('a guess', hash);
    await passwords.matches('a guess', undefined);
    const [known, unknown] = compare.mock.calls.map(([, compared]) => bcrypt.getRounds(String(compared)));
    expect(unknown).toBe(known);
    compare.mockRestore();
  });

  it.each([
    'short',
    'passwordpassword',
    'PASSWORDPASSWORD',
    'aaaaaaaaaaaaaaaa',
    'ada@example.com',
    'Password1234!',
    'P4ssw0rdP4ssw0rd',
    'qwertyuiop12',
    'michaeljordan',
    'abcdefghijklm',
    'nexusagents26',
    'AgentPlatform1',
    'x'.repeat(40) + 'ä'.repeat(17),
  ])('that are bad are refused: %s', async (password) => {
    await expect(passwords.requireGood('password', password, 'ada@example.com')).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      details: { fields: { password: expect.any(Array) as unknown } },
    });
  });

  it.each(['nine purple lanterns', 'correct horse battery', '1q2w3e4r5t6y'.repeat(6), '4b5e3$@!0'.repeat(8)])(
    'that are hard to guess are accepted, without holding up the event loop: %s',
    async (password) => {
      // On the event loop the estimate of the third takes two seconds.
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      await expect(passwords.requireGood('password', password, 'ada@example.com')).resolves.toBeUndefined();
      delay.disable();
      expect(delay.max / 1e6).toBeLessThan(1_000);
    },
  );
  it('are judged up to a number that wait', async () => {
    const asked = Array.from({ length: 60 }, () =>
      passwords.requireGood('password', 'nine purple lanterns', 'ada@example.com'),
    );
    const answers = await Promise.allSettled(asked);
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(9);
    expect(refused[0]).toMatchObject({ reason: { code: 'RATE_LIMIT_EXCEEDED' } });
  });
});
