import { findEngine } from './engine-program.js';

it('the embedded engine listens where Linux lets it: on a random loopback address that no web page can guess', async () => {
  const hosts = [(await findEngine('/tmp')).host, (await findEngine('/tmp')).host];
  for (const host of hosts) expect(host).toMatch(/^127\.\d+\.\d+\.\d+$/);
  const isHidden = process.platform === 'linux' && process.arch === 'x64';
  expect(new Set([...hosts, '127.0.0.1']).size).toBe(isHidden ? 3 : 1);
});
