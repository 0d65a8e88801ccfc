import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { PlatformProcess, recountStatistics } from '../support/platform-process.js';

const BUILD = { requirement: 'An assistant that converts units of weight.' };
const disk = mkdtempSync(join(tmpdir(), 'nexus-disk-'));

function run(command: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed, it takes root and the right to mount: ${stderr}`);
}

beforeAll(() => run('mount', '-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk));
afterAll(() => {
  run('umount', disk);
  rmdirSync(disk);
});

/** Takes what is left, to the last block. */
function fill(file: string): void {
  for (let block = 4096; statfsSync(disk).bavail > 0;)
    writeFileSync(file, Buffer.alloc(Math.min(statfsSync(disk).bavail, 256) * block), { flag: 'a' });
}

it('a full disk is 503 for what has to be stored and for the readiness probe, loses nothing, and passes', async () => {
  const environment = { NEXUS_DATA_DIR: join(disk, 'nexus') };
  const platform = await PlatformProcess.start(environment);
  try {
    const { http } = platform;
    const agent = await builtAgent(http);
    const kept = await http.post<{ invocation_id: string }>(`${agent.path}/invoke`, { input_text: 'What is 6 * 7?' });
    const filler = join(disk, 'filler');
    fill(filler);

    const refused = await eventually(
      () => http.post('/api/v1/projects', BUILD),
      ({ status }) => status === 503,
    );
    expect(refused.error.code).toBe('DATABASE_ERROR');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const ready = await eventually(
      () => http.get('/health/ready'),
      ({ status }) => status === 503,
    );
    expect(JSON.stringify(ready.error.details)).toContain('The disk that holds NEXUS_DATA_DIR is full');
    expect((await http.get('/health/live')).status).toBe(200);
    expect((await http.get(`/api/v1/invocations/${kept.data.invocation_id}`)).status).toBe(200);

    rmSync(filler);
    await eventually(
      () => http.get('/health/ready'),
      ({ status }) => status === 200,
    );
    const { status, data } = await http.post<{ project_id: string }>('/api/v1/projects', BUILD);
    expect(status).toBe(201);
    await eventually(
      async () => (await http.get<{ status: string }>(`/api/v1/projects/${data.project_id}`)).data.status,
      (answer) => answer === 'completed',
    );
    expect((await http.get<{ total: number }>('/api/v1/projects')).data.total).toBe(2);
  } finally {
    await platform.kill('SIGTERM');
  }
  expect(recountStatistics(environment)).toEqual({ status: 0, output: '0 differences found\n' });
});
