import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { composeEnvironment, readYaml } from '../../scripts/manifests/files.js';
import { DatabaseConnection } from '../../src/platform/database/client/dynamodb-client.js';
import { startDatabase, temporaryDirectory, testSettings } from '../support/database.js';
import { ADMINISTRATOR, migrate, PlatformProcess } from '../support/platform-process.js';

/** Who signed the requests that reached the engine: the `Credential` of each Authorization header, and its session token. */
const signed: { key: string; token: string | undefined }[] = [];
const servers: Server[] = [];
let database: Awaited<ReturnType<typeof startDatabase>>;
let endpoint: string;
let original: NodeJS.ProcessEnv;

beforeAll(async () => {
  database = await startDatabase();
  endpoint = await listen((incoming, answer) => {
    signed.push(signatureOf(incoming));
    const { method, url = '/', headers } = incoming;
    const passed = request(database.endpoint + url, { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    incoming.pipe(passed);
  });
});

afterAll(async () => {
  for (const server of servers) server.close();
  await database.stop();
});

/** The chain reads the environment itself; nothing of this machine's may be found. */
beforeEach(() => {
  original = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  process.env['AWS_CONFIG_FILE'] = join(temporaryDirectory(), 'no-config');
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
  signed.length = 0;
});

afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, original);
});

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function signatureOf({ headers }: IncomingMessage): { key: string; token: string | undefined } {
  const key = /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? 'none';
  return { key, token: headers['x-amz-security-token'] as string | undefined };
}

/** Answers every request with temporary credentials, in the form of the container and instance metadata services. */
const temporaryCredentials = (key: string) =>
  JSON.stringify({
    Code: 'Success',
    AccessKeyId: key,
    SecretAccessKey: 'secret',
    Token: `token-of-${key}`,
    Expiration: new Date(Date.now() + 3_600_000).toISOString(),
  });

function file(text: string): string {
  const path = join(temporaryDirectory(), 'file');
  writeFileSync(path, text);
  return path;
}

/** The credential sources of the default chain, each with what it needs of the environment. */
const SOURCES: Record<string, () => Promise<{ environment: Record<string, string>; key: string; token?: string }>> = {
  'environment keys': async () => ({
    environment: { AWS_ACCESS_KEY_ID: 'AKIAENVIRONMENT', AWS_SECRET_ACCESS_KEY: 'secret' },
    key: 'AKIAENVIRONMENT',
  }),
  'temporary environment keys': async () => ({
    environment: { AWS_ACCESS_KEY_ID: 'ASIASESSION', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' },
    key: 'ASIASESSION',
    token: 'token',
  }),
  'the default profile of a shared credentials file': async () => ({
    environment: {
      AWS_SHARED_CREDENTIALS_FILE: file('[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = secret\n'),
    },
    key: 'AKIADEFAULT',
  }),
  'a named profile': async () => ({
    environment: {
      AWS_PROFILE: 'staging',
      AWS_SHARED_CREDENTIALS_FILE: file('[staging]\naws_access_key_id = AKIASTAGING\naws_secret_access_key = secret\n'),
    },
    key: 'AKIASTAGING',
  }),
  'a credential process': async () => {
    const program = file(
      `#!/bin/sh\necho '{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"secret","SessionToken":"t"}'\n`,
    );
    chmodSync(program, 0o700);
    return {
      environment: {
        AWS_PROFILE: 'external',
        AWS_SHARED_CREDENTIALS_FILE: file('[unused]\n'),
        AWS_CONFIG_FILE: file(`[profile external]\ncredential_process = ${program}\n`),
      },
      key: 'AKIAPROCESS',
      token: 't',
    };
  },
  'the container credentials endpoint': async () => ({
    environment: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: await listen((incoming, answer) => {
        const isTrusted = incoming.headers.authorization === 'pod identity';
        answer.writeHead(isTrusted ? 200 : 403, { 'content-type': 'application/json' });
        answer.end(isTrusted ? temporaryCredentials('ASIACONTAINER') : '{}');
      }),
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'pod identity',
    },
    key: 'ASIACONTAINER',
    token: 'token-of-ASIACONTAINER',
  }),
  'a web identity token': async () => ({
    environment: {
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/nexus',
      AWS_WEB_IDENTITY_TOKEN_FILE: file('a signed token'),
      AWS_ENDPOINT_URL_STS: await listen((_, answer) => {
        answer.writeHead(200, { 'content-type': 'text/xml' });
        answer.end(
          '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">' +
            '<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEBIDENTITY</AccessKeyId>' +
            '<SecretAccessKey>secret</SecretAccessKey><SessionToken>web</SessionToken>' +
            `<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials>` +
            '<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/nexus/s</Arn>' +
            '<AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></AssumeRoleWithWebIdentityResult>' +
            '</AssumeRoleWithWebIdentityResponse>',
        );
      }),
    },
    key: 'ASIAWEBIDENTITY',
    token: 'web',
  }),
  'the metadata service of the machine': async () => ({
    environment: {
      AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: await listen(({ method, url = '' }, answer) => {
        if (method === 'PUT') answer.end('session');
        else answer.end(url.endsWith('/nexus-role') ? temporaryCredentials('ASIAINSTANCE') : 'nexus-role');
      }),
    },
    key: 'ASIAINSTANCE',
    token: 'token-of-ASIAINSTANCE',
  }),
};

it.each(Object.keys(SOURCES))('signs with %s, as the default credential chain finds them', async (name) => {
  const source = await SOURCES[name]?.();
  if (!source) throw new Error(name);
  Object.assign(process.env, source.environment);
  const settings = testSettings({
    ...source.environment,
    DYNAMODB_ENDPOINT: endpoint,
    NEXUS_DATABASE: 'dynamodb',
  });
  const connection = new DatabaseConnection(settings, undefined);
  try {
    const { TableNames } = await connection.client.send(new ListTablesCommand({}));
    expect(Array.isArray(TableNames)).toBe(true);
  } finally {
    connection.close();
  }
  expect(signed).toEqual([{ key: source.key, token: source.token }]);
});

it('needs no credentials for a local engine', async () => {
  const connection = new DatabaseConnection(testSettings({ DYNAMODB_ENDPOINT: endpoint }), undefined);
  await connection.client.send(new ListTablesCommand({}));
  connection.close();
  expect(signed).toEqual([{ key: 'nexus', token: undefined }]);
});

describe('with the settings of docker-compose.yml', () => {
  const { services } = readYaml<{ services: Record<string, { environment: Record<string, string> }> }>(
    'docker-compose.yml',
  );
  const environment = composeEnvironment(services['nexus']?.environment ?? {}, {
    ...ADMINISTRATOR,
    JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je',
    NEXUS_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  });

  it('creates the tables and serves, signed with the keys of that file', async () => {
    const started = {
      ...environment,
      // Fewer rounds than 12 are for tests only, and this is production.
      NEXUS_BCRYPT_ROUNDS: '',
      // No load balancer has to notice that it stops.
      SHUTDOWN_DRAIN_SECONDS: '0',
      NEXUS_DATA_DIR: temporaryDirectory(),
    };
    // The command is waited for synchronously, so its requests cannot pass through a server of this process.
    migrate({ ...started, DYNAMODB_ENDPOINT: database.endpoint });
    const platform = await PlatformProcess.start({ ...started, DYNAMODB_ENDPOINT: endpoint });
    try {
      expect((await platform.http.get('/api/v1/projects')).status).toBe(200);
    } finally {
      await platform.kill('SIGTERM');
    }
    expect(new Set(signed.map(({ key }) => key))).toEqual(new Set([environment['AWS_ACCESS_KEY_ID']]));
  });
});
