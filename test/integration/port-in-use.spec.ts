import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { temporaryDirectory } from '../support/database.js';

it('a port in use ends a start with one line, before it has created anything', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const data = temporaryDirectory();
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', 'dist/main.js'], {
    env: { PATH: process.env['PATH'] ?? '', NEXUS_DATA_DIR: data, API_PORT: String(port) },
    encoding: 'utf8',
    timeout: 120_000,
  });
  other.close();
  expect({ status, stdout, stderr, created: readdirSync(data) }).toEqual({
    status: 1,
    stdout: '',
    stderr: `Port ${port} on 127.0.0.1 is in use. Stop the program that listens there, or set API_PORT to another port.\n`,
    created: [],
  });
});
