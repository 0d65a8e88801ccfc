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
