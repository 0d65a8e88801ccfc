import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from '../../src/app.module.js';
import { configureApp } from '../../src/configure-app.js';
import { TableCreation } from '../../src/platform/dynamodb/table-creation.js';
import { startDatabase, testSettings } from './database.js';
import { HttpClient } from './http.js';

export interface TestApp {
  app: NestExpressApplication;
  http: HttpClient;
  url: string;
  close(): Promise<void>;
}

/** The platform as it ships, in this process, on a real engine and a free loopback port. */
export async function startApp(overrides: Record<string, string> = {}): Promise<TestApp> {
  const database = await startDatabase();
  const settings = testSettings({ NEXUS_DATABASE: 'dynamodb', DYNAMODB_ENDPOINT: database.endpoint, ...overrides });
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(settings), {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  });
  await app.get(TableCreation).createMissing();
  configureApp(app);
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  return {
    app,
    url,
    http: new HttpClient(url),
    close: async () => {
      await app.close();
      await database.stop();
    },
  };
}
