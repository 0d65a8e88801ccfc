import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { temporaryDirectory } from '../support/database.js';
import { ADMINISTRATOR, PlatformProcess } from '../support/platform-process.js';

/** The shell blocks of the page, in order, as one script. */
const blocks = [...readFileSync('docs/api-usage.md', 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(
  ([, code]) => code ?? '',
);

it('every block of docs/api-usage.md does what it says', async () => {
  expect(blocks.length).toBeGreaterThan(10);
  const platform = await PlatformProcess.start({ NEXUS_DATA_DIR: temporaryDirectory() });
  try {
    const script = ['set -euo pipefail', ...blocks, 'echo everything ran'].join('\n');
    const shell = spawn('bash', ['-c', script], {
      env: {
        PATH: process.env['PATH'],
        ...ADMINISTRATOR,
        NEXUS_URL: platform.http.url,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(shell, 'close')) as [number];
    expect({ code, said: said.slice(-1_500) }).toEqual({
      code: 0,
      said: expect.stringContaining('everything ran') as unknown,
    });
  } finally {
    await platform.kill('SIGTERM');
  }
});
