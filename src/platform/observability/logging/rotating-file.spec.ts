import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '../../config/load-settings.js';
import { RequestContext } from '../../http/request-context.js';
import { createRootLogger } from './root-logger.js';
import { rotatingFile } from './rotating-file.js';

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
  for (let index = 0; index < 40; index++) {
    logger.info({ index, filling: 'x'.repeat(200) }, 'line');
    await readdir(directory);
  }
  stream.end();
  await once(stream as unknown as NodeJS.EventEmitter, 'close');
  expect(contents()).toContain('"index":39');
  const names = readdirSync(directory).sort();
  expect(names.every((name) => /^nexus\.\d+\.log$/.test(name))).toBe(true);
  expect(names).not.toContain('nexus.1.log');
  expect(names.length).toBeLessThanOrEqual(2);
});
