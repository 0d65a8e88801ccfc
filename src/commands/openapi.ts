import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { loadSettings } from '../platform/config/load-settings.js';
import { commandLine } from '../shared/command-line.js';

const USAGE = `Usage: npm run openapi [-- --check]

Writes openapi.json from the routes. With --check it writes nothing and fails if the committed file differs.`;
const command = commandLine(USAGE, ['check']);

const FILE = 'openapi.json';

/** `npm run openapi` writes the document of the routes as they are; with `--check` it fails when the committed one differs. */
async function writeDocument(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'nexus-openapi-'));
  const settings = loadSettings({ ENVIRONMENT: 'test', NEXUS_DATABASE: 'embedded', NEXUS_DATA_DIR: directory });
  // Loaded only now, so that --help answers at once.
  const [{ NestFactory }, { AppModule }, { configureApp }, { apiDocument }] = await Promise.all([
    import('@nestjs/core'),
    import('../app.module.js'),
    import('../configure-app.js'),
    import('../platform/http/openapi.js'),
  ]);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(settings), {
    logger: ['error'],
    bodyParser: false,
  });
  try {
    configureApp(app);
    await app.init();
    const text = `${JSON.stringify(apiDocument(app), null, 2)}\n`;
    if (!command.has('check')) writeFileSync(FILE, text);
    else if (readFileSync(FILE, 'utf8') !== text)
      throw new Error(`${FILE} does not match the routes: run npm run openapi and commit it`);
  } finally {
    await app.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

writeDocument().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
