import { lazily } from './lazily.js';

it('loads once, for all who ask', async () => {
  let loads = 0;
  const library = lazily(async () => ++loads);
  expect(loads).toBe(0);
  expect(await Promise.all([library(), library()])).toEqual([1, 1]);
  expect(await library()).toBe(1);
});

it('loads again after a failure', async () => {
  let loads = 0;
  const library = lazily(async () => {
    loads += 1;
    if (loads === 1) throw new Error('not now');
    return loads;
  });
  await expect(library()).rejects.toThrow('not now');
  expect(await library()).toBe(2);
});
