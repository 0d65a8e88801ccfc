import { loadTemporalSdk } from './temporal-sdk.js';

it('names the command that installs the SDK when it is missing', async () => {
  const missing = new URL('./missing.mjs', import.meta.url).href;
  await expect(loadTemporalSdk(missing)).rejects.toThrow('npm run temporal:install');
});
