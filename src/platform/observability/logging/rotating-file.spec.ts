import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '../../config/load-settings.js';
import { RequestContext } from '../request-context.js';
import { createRootLogger, rotatingFile } from './root-logger.js';

const directory = mkdtempSync(join(tmpdir(), 'nexus-log-'));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const settings = parseSettings({ ENVIRONMENT: 'test', LOG_FILE_MAX_SIZE: '1k', LOG_FILE_KEEP: '1' });

function contents(): string {
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('');
}

it('gets what is logged, begins a new file when one is full and keeps as many as the setting says', async () => {
  const stream = await rotatingFile(settings, join(directory, 'nexus.log'));
  const logger = await createRootLogger(settings, new RequestContext(), stream);
  const deadline = Date.now() + 10_000;
  const has = async (name: string) => (await readdir(directory)).includes(name);
  let index = 0;
  while (!(await has('nexus.3.log')) && Date.now() < deadline)
    logger.info({ index: index++, filling: 'x'.repeat(200) }, 'line');
  stream.end();
  await once(stream as unknown as NodeJS.EventEmitter, 'close');
  while ((await has('nexus.1.log')) && Date.now() < deadline);
  expect(contents()).toContain(`"index":${index - 1}`);
  const names = readdirSync(directory).sort();
  expect(names.every((name) => /^nexus\.\d+\.log$/.test(name))).toBe(true);
  expect(names).toContain('nexus.3.log');
  expect(names).not.toContain('nexus.1.log');
  expect(names.length).toBeLessThanOrEqual(2);
});
