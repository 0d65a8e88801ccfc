import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually } from '../support/http.js';
import { MailServer } from '../support/mail-server.js';
import { ADMINISTRATOR, migrate, PlatformProcess } from '../support/platform-process.js';

/** An attempt counts as lost after 30 seconds; then any process repeats it. */
const REPEATED_WITHIN_MS = 150_000;

let database: Awaited<ReturnType<typeof startDatabase>>;
let mail: MailServer;
let environment: Record<string, string>;
let platform: PlatformProcess;

beforeAll(async () => {
  [database, mail] = await Promise.all([startDatabase(), MailServer.start()]);
  environment = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: 'outbox-',
    NEXUS_DATA_DIR: temporaryDirectory(),
    SMTP_URL: mail.url,
    MAIL_POLL_SECONDS: '1',
  };
  migrate(environment);
  platform = await PlatformProcess.start(environment);
});
afterAll(async () => {
  await platform.kill('SIGKILL');
  await mail.stop();
  await database.stop();
});

it('a mail whose process is killed while it is sent is sent by another process, and its token works', async () => {
  const email = ADMINISTRATOR.NEXUS_ADMIN_EMAIL;
  mail.answer = 'stall';
  expect((await platform.http.anonymous().post('/api/v1/auth/password/forgot', { email })).status).toBe(202);
  await eventually(
    async () => mail.attempts,
    (attempts) => attempts === 1,
  );
  await platform.kill('SIGKILL');
  mail.answer = 'accept';
  platform = await PlatformProcess.start(environment);
  const { token } = await mail.to(email, 1, REPEATED_WITHIN_MS);
  const password = 'nine purple lanterns';
  expect((await platform.http.anonymous().post('/api/v1/auth/password/reset', { token, password })).status).toBe(200);
  expect((await platform.http.anonymous().post('/api/v1/auth/login', { email, password })).status).toBe(200);
});
