import { hasAsciiLocalPart, normalEmail } from './account.js';

it.each([
  ['  Ada@Example.COM ', 'ada@example.com'],
  ['ada@B\u00DCCHER.de', 'ada@b\u00FCcher.de'],
  ['ada@xn--bcher-kva.de', 'ada@b\u00FCcher.de'],
  ['ada@example.\u212Aim', 'ada@example.kim'],
])('%s is the address %s', (given, normal) => {
  expect(normalEmail(given)).toBe(normal);
  expect(normalEmail(normal)).toBe(normal);
});

it.each([
  ['\u212Aate@example.com', 'kate@example.com'],
  ['\uFF41da@example.com', 'ada@example.com'],
  ['\u0130da@example.com', 'i\u0307da@example.com'],
  ['jos\u00C9@example.com', 'jos\u00E9@example.com'],
  ['jose\u0301@example.com', 'jos\u00E9@example.com'],
])('%s is not the address %s, and no new account gets it', (given, other) => {
  expect(normalEmail(given)).not.toBe(normalEmail(other));
  expect(hasAsciiLocalPart(given)).toBe(false);
});

it.each(["o'hara+tag@example.com", 'ada@b\u00FCcher.de'])('%s may be registered', (email) => {
  expect(hasAsciiLocalPart(email)).toBe(true);
});
