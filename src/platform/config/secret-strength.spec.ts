import { randomBytes } from 'node:crypto';
import { parseSettings, secretStrengthBits } from './load-settings.js';

const start = (JWT_SECRET_KEY: string) => () => parseSettings({ ENVIRONMENT: 'production', JWT_SECRET_KEY });

it.each([
  ['one character', 'x'.repeat(64)],
  ['a repeated piece', 'changeme'.repeat(8)],
  ['a repeated random piece', 'q8F0m3Wn'.repeat(6)],
  ['a sequence', 'abcdefghijklmnopqrstuvwxyz0123456789'],
  ['a sentence', 'this-is-my-secret-key-for-the-platform'],
  ['words with decoration', 'MySuperSecretKeyForNexusPlatform2024!!'],
  ['a pangram', 'TheQuickBrownFoxJumpsOverTheLazyDog12'],
  ['digits of a date again and again', '20260101202601012026010120260101'],
])('production refuses a signing secret that is %s', (_, secret) => {
  expect(start(secret)).toThrow(/JWT_SECRET_KEY: is easy to guess/);
});

it('production accepts every random secret', () => {
  for (let round = 0; round < 300; round++)
    for (const secret of [
      randomBytes(48).toString('base64'),
      randomBytes(32).toString('hex'),
      randomBytes(32).toString('base64url'),
    ])
      expect({ secret, isStrong: secretStrengthBits(secret) >= 64 }).toEqual({ secret, isStrong: true });
});

it('never takes long', () => {
  expect(secretStrengthBits('aB3$'.repeat(1_000_000))).toBeLessThan(64);
});
