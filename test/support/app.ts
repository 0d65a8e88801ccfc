import type { LoggerService } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { type Logger, pino } from 'pino';
import { __resetOutOfContextForTests as forgetLogger } from '../../node_modules/nestjs-pino/dist/esm/PinoLogger.js';
import { AppModule } from '../../src/app.module.js';
import { configureApp } from '../../src/configure-app.js';
import { TableCreation } from '../../src/platform/database/tables/table-creation.js';
import { RequestContext } from '../../src/platform/observability/request-context.js';
import { nestLogger } from '../../src/platform/observability/logging/nest-logger.js';
import { createRootLogger } from '../../src/platform/observability/logging/root-logger.js';
import type { AgentRuntime } from '../../src/runtimes/agent-runtime.js';
import { Runtimes } from '../../src/runtimes/observed-runtimes.js';
import { startDatabase, testSettings } from './database.js';
import { HttpClient } from './http.js';
import { TestMembers } from './members.js';
import { readStreamsAs } from './sse.js';
import { noteSecrets, suiteLogFile, suiteLogLevel } from './suite-logs.js';

export interface TestApp {
  app: NestExpressApplication;
  http: HttpClient;
  url: string;
  close(): Promise<void>;
}

/**
 * The platform as it ships, in this process, on a real engine and a free loopback port.
 * @param runtime takes the place of the local runtime, for agents that are slow or fail.
 * @param logger takes the place of the log that the run searches for secrets.
 */
export async function startApp(
  overrides: Record<string, string> = {},
  runtime?: AgentRuntime,
  logger?: LoggerService,
): Promise<TestApp> {
  const database = await startDatabase();
  noteSecrets(overrides);
  const settings = testSettings({ NEXUS_DATABASE: 'dynamodb', DYNAMODB_ENDPOINT: database.endpoint, ...overrides });
  const builder = Test.createTestingModule({ imports: [AppModule.forRoot(settings)] });
  if (runtime) builder.overrideProvider(Runtimes).useValue(new Runtimes([runtime]));
  const module = await builder.compile();
  const app = module.createNestApplication<NestExpressApplication>({
    logger: logger ?? (await suiteLogger()),
    bodyParser: false,
  });
  await app.get(TableCreation).createMissing();
  configureApp(app);
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const http = new HttpClient(url, {}, new TestMembers(app)).as('default', 'developer');
  await http.ready();
  readStreamsAs(http);
  return {
    app,
    url,
    http,
    close: async () => {
      await app.close();
      await database.stop();
    },
  };
}

/** Nothing is printed; a run that looks for secrets keeps all there is to be said. */
async function suiteLogger(): Promise<LoggerService | false> {
  const file = suiteLogFile('app');
  if (file === undefined) return false;
  const settings = testSettings({ LOG_LEVEL: suiteLogLevel() });
  return ownLogger(
    await createRootLogger(settings, new RequestContext(), pino.destination({ dest: file, sync: true })),
  );
}

/** nestjs-pino keeps the first logger of a process; of the test files that share one, each has its own. */
export function ownLogger(root: Logger): LoggerService {
  forgetLogger();
  return nestLogger(root);
}
