import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../support/database.js';
import { eventually } from '../../support/http.js';
import { MailServer } from '../../support/mail-server.js';
import { PlatformProcess } from '../../support/platform-process.js';

const PASSWORDS = ['an administrator of tests', 'correct horse battery staple', 'another long pass phrase'];

it('no token, key or password that was used is in the log, at the most talkative level', async () => {
  const directory = temporaryDirectory();
  const mail = await MailServer.start();
  const platform = await PlatformProcess.start({
    ...mail.settings,
    NEXUS_DATA_DIR: directory,
    LOG_LEVEL: 'TRACE',
    LOG_ACCESS_LEVEL: 'info',
    LOG_FILE: join(directory, 'nexus.log'),
    JWT_SECRET_KEY: 'the-signing-secret-of-this-test-0123456789',
    RATE_LIMIT_AUTH_PER_MINUTE: '1000',
  });
  const logged = (): string =>
    readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .map((name) => readFileSync(join(directory, name), 'utf8'))
      .join('\n');
  const secrets = [...PASSWORDS, 'the-signing-secret-of-this-test-0123456789', 'tool-credential-0123456789'];
  try {
    const { http } = platform;
    const send = async (method: string, path: string, body?: unknown, token?: string) => {
      const response = await http.anonymous().raw(method, path, body === undefined ? undefined : JSON.stringify(body), {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      });
      const answer = (await response.json()) as { data?: Record<string, unknown> } & Record<string, unknown>;
      return { ...answer, ...answer.data } as Record<string, string>;
    };
    const account = { email: 'ada@example.com', name: 'Ada', organization_name: 'Engines' };
    const password = PASSWORDS[1] ?? '';
    const registered = (await mail.register(http, { ...account, password })).body as unknown as Record<string, string>;
    secrets.push((await mail.to(account.email)).token);
    const signedIn = await send('POST', '/api/v1/auth/login', { email: account.email, password: PASSWORDS[1] });
    await send('POST', '/api/v1/auth/login', { email: account.email, password: 'guess-of-a-password-9876' });
    const token = signedIn['access_token'] ?? '';
    const key = await send('POST', '/api/v1/api-keys', { name: 'k', roles: ['developer'] }, token);
    await send('GET', '/api/v1/projects', undefined, key['api_key']);
    await http.anonymous().raw('GET', '/api/v1/projects', undefined, { 'x-api-key': key['api_key'] ?? '' });
    const project = await send('POST', '/api/v1/projects', { requirement: 'A helper that adds numbers up.' }, token);
    await send(
      'POST',
      '/api/v1/tools',
      {
        kind: 'http',
        name: 'shop',
        description: 'The shop',
        project_id: project['project_id'],
        config: { method: 'GET', url: 'http://127.0.0.1:9/', input_schema: { type: 'object' } },
        credential: { type: 'bearer', token: 'tool-credential-0123456789' },
      },
      token,
    );
    const refreshed = await send('POST', '/api/v1/auth/refresh', { refresh_token: signedIn['refresh_token'] });
    await send(
      'POST',
      '/api/v1/auth/password',
      { current: PASSWORDS[1], new: PASSWORDS[2] },
      refreshed['access_token'],
    );
    await send('POST', '/api/v1/auth/exchange', { code: 'nxo_made-up-code-000000000000' });
    await http.anonymous().raw('GET', '/api/v1/auth/me?access_token=token-in-an-address-123456');
    const invitation = await send('POST', '/api/v1/organizations', { name: 'Second' }, refreshed['access_token']);
    expect(invitation['org_id']).toMatch(/^org_/);
    await send('POST', '/api/v1/auth/logout', {}, refreshed['access_token']);
    secrets.push('guess-of-a-password-9876', 'nxo_made-up-code-000000000000', 'token-in-an-address-123456');
    for (const answer of [registered, signedIn, refreshed])
      secrets.push(answer['access_token'] ?? '', answer['refresh_token'] ?? '');
    secrets.push(key['api_key'] ?? '');
    await eventually(
      async () => logged(),
      (text) => text.includes('/api/v1/auth/logout'),
    );
  } finally {
    await platform.kill('SIGTERM');
    await mail.stop();
  }
  const text = logged();
  expect(text.split('\n').length).toBeGreaterThan(20);
  expect(secrets.every(({ length }) => length > 10)).toBe(true);
  const encoded = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    secret.split('.').at(-1) ?? secret,
  ]);
  expect(encoded.filter((one) => text.includes(one))).toEqual([]);
});
