import { loadUndici, UNDICI_PARTS } from './undici.js';

it('finds every part of undici that it loads by itself, and gives the whole', async () => {
  const found = await Promise.all(UNDICI_PARTS.map((part) => import(part) as Promise<object>));
  expect(found).toHaveLength(UNDICI_PARTS.length);
  const { Agent, fetch } = await loadUndici();
  expect([typeof Agent, typeof fetch]).toEqual(['function', 'function']);
});
