import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { documentClient } from './document-client.js';

const REGION = 'eu-west-1';
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
/** As AWS asks for it: the names of signed headers, a canonical request, a key derived from date, region and service. */
const AUTHORIZATION = /^AWS4-HMAC-SHA256 Credential=(\S+)\/(\d{8}\/\S+), SignedHeaders=(\S+), Signature=(\w{64})$/;

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body: string;
}

let server: Server;
let endpoint: string;
let answers: Answer[];
let seen: { headers: IncomingHttpHeaders; body: string }[];
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const { status = 200, headers = {}, body } = answers.shift() ?? { body: '{}' };
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers }).end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, sessionToken: 'a session' };
const clientOf = (maxAttempts: number) => new DynamoDBClient({ region: REGION, endpoint, credentials, maxAttempts });

let client: DynamoDBClient;
beforeEach(() => {
  answers = [];
  seen = [];
  client = clientOf(3);
});
afterEach(() => {
  client.destroy();
});

/** The SDK itself loses attributes of the name `__proto__`; the platform refuses them in bodies. */
const name = (...names: string[]) =>
  fc.oneof(fc.constantFrom(...names), fc.string()).filter((text) => text !== '__proto__');

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true, min: -1e15, max: 1e15 }),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.uint8Array({ minLength: 1 }),
    fc.uniqueArray(fc.string(), { minLength: 1 }).map((texts) => new Set(texts)),
    fc.array(tie('value')),
    fc.dictionary(name('B', 'BS', 'Item', 'Keys'), tie('value')),
  ),
})).value;
const attributes = fc.dictionary(name('B', 'BS', 'Key'), value);

it('sends and reads whatever the client of the SDK sends and reads', async () => {
  const theirs = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const ours = documentClient(client);
  await fc.assert(
    fc.asyncProperty(attributes, attributes, async (Item, Key) => {
      const commands = [
        new PutCommand({ TableName: 'Item', Item, ExpressionAttributeValues: { ':v': Item } }),
        new UpdateCommand({ TableName: 'Key', Key, UpdateExpression: 'SET a = :v', ExpressionAttributeValues: Item }),
        new TransactWriteCommand({
          ClientRequestToken: 'token',
          TransactItems: [
            { Put: { TableName: 'T', Item } },
            { Delete: { TableName: 'T', Key, ExpressionAttributeValues: Item } },
            { ConditionCheck: { TableName: 'T', Key, ConditionExpression: 'attribute_exists(a)' } },
          ],
        }),
        new BatchWriteCommand({
          RequestItems: {
            Keys: [{ PutRequest: { Item } }, { DeleteRequest: { Key } }],
            Item: [{ DeleteRequest: { Key } }],
          },
        }),
        new BatchGetCommand({ RequestItems: { Item: { ConsistentRead: true, Keys: [Key, Item] } } }),
        new QueryCommand({ TableName: 'T', KeyConditionExpression: 'a = :v', ExclusiveStartKey: Key, Limit: 3 }),
      ];
      for (const command of commands) {
        seen = [];
        await theirs.send(command as PutCommand);
        await ours.send(command as PutCommand);
        const [their, our] = seen.map(({ body, headers }) => [JSON.parse(body) as object, headers['x-amz-target']]);
        expect(our).toEqual(their);
      }
      const item = (JSON.parse(seen[0]?.body ?? '{}') as { ExclusiveStartKey: object }).ExclusiveStartKey;
      const outputs: [object, object][] = [
        [new GetCommand({ TableName: 'T', Key: {} }), { Item: item }],
        [new QueryCommand({ TableName: 'T' }), { Items: [item, {}], LastEvaluatedKey: item, Count: 2 }],
        [
          new BatchGetCommand({ RequestItems: {} }),
          { Responses: { Item: [item] }, UnprocessedKeys: { Key: { ConsistentRead: true, Keys: [item] } } },
        ],
        [
          new BatchWriteCommand({ RequestItems: {} }),
          { UnprocessedItems: { Item: [{ PutRequest: { Item: item } }, { DeleteRequest: { Key: item } }] } },
        ],
      ];
      for (const [command, output] of outputs) {
        answers = [1, 2].map(() => ({ body: JSON.stringify(output) }));
        const { $metadata, ...their } = await theirs.send(command as GetCommand);
        expect($metadata.httpStatusCode).toBe(200);
        expect(await ours.send(command as GetCommand)).toEqual(their);
      }
    }),
    { numRuns: 40 },
  );
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

function signatureOf({ headers, body }: { headers: IncomingHttpHeaders; body: string }): string {
  const [, , scope = '', names = ''] = AUTHORIZATION.exec(headers.authorization ?? '') ?? [];
  const canonical = names.split(';').map((name) => `${name}:${String(headers[name])}\n`);
  const request = ['POST', '/', '', canonical.join(''), names, sha256(body)].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(request)].join('\n');
  const [date = '', region = '', service = '', end = ''] = scope.split('/');
  return hmac(hmac(hmac(hmac(hmac(`AWS4${SECRET}`, date), region), service), end), text).toString('hex');
}

it('signs every request as AWS asks for it', async () => {
  const ours = documentClient(client);
  for (const id of ['one', 'two']) await ours.send(new PutCommand({ TableName: 'T', Item: { id, text: 'ä\u2028🦊' } }));
  for (const request of seen) {
    const [, key, scope, names, signature] = AUTHORIZATION.exec(request.headers.authorization ?? '') ?? [];
    expect([key, scope]).toEqual(['AKIDEXAMPLE', expect.stringMatching(/^\d{8}\/eu-west-1\/dynamodb\/aws4_request$/)]);
    expect(names?.split(';')).toEqual(
      expect.arrayContaining(['host', 'x-amz-date', 'x-amz-security-token', 'x-amz-target']),
    );
    expect(signature).toBe(signatureOf(request));
  }
  expect(new Set(seen.map(({ headers }) => headers.authorization)).size).toBe(2);
});

const fault = (name: string, more: object = {}) =>
  JSON.stringify({ __type: `com.amazonaws#${name}`, message: 'no', ...more });

it('corrects the clock that it signs with by the clock of AWS', async () => {
  const date = new Date(Date.now() - 3_600_000);
  answers = [{ status: 400, headers: { date: date.toUTCString() }, body: fault('InvalidSignatureException') }];
  await documentClient(client).send(new GetCommand({ TableName: 'T', Key: { id: 'x' } }));
  const signed = seen.map(({ headers }) => String(headers['x-amz-date']).slice(0, 11));
  expect(signed[0]).not.toBe(signed[1]);
  expect(Math.abs(Date.parse(asIso(String(seen[1]?.headers['x-amz-date']))) - date.getTime())).toBeLessThan(120_000);
});

function asIso(date: string): string {
  return date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}

it('tries again what the service or a proxy could not do, and no more than its configuration says', async () => {
  const page = { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad gateway</h1>' };
  answers = [page, { status: 500, body: fault('InternalServerError') }, { body: '{"Item":{"id":{"S":"x"}}}' }];
  const get = new GetCommand({ TableName: 'T', Key: { id: 'x' } });
  expect(await documentClient(client).send(get)).toEqual({ Item: { id: 'x' } });
  expect(seen).toHaveLength(3);
  const impatient = clientOf(2);
  answers = [page, page, page];
  await expect(documentClient(impatient).send(get)).rejects.toMatchObject({ $metadata: { httpStatusCode: 502 } });
  impatient.destroy();
  expect(answers).toHaveLength(1);
});

it('throws what the SDK throws for a refusal', async () => {
  const reasons = { CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed', Message: 'no' }] };
  answers = [{ status: 400, body: fault('TransactionCanceledException', reasons) }];
  const transact = new TransactWriteCommand({ TransactItems: [] });
  await expect(documentClient(client).send(transact)).rejects.toMatchObject({
    name: 'TransactionCanceledException',
    message: 'no',
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
    ...reasons,
  });
  expect(seen).toHaveLength(1);
});

it('ends a call with its signal', async () => {
  const stop = new AbortController();
  server.once('request', (request) =>
    request.once('end', () => {
      stop.abort();
    }),
  );
  const get = new GetCommand({ TableName: 'T', Key: { id: 'x' } });
  const answer = documentClient(client).send(get, { abortSignal: stop.signal });
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  expect(seen).toHaveLength(1);
});
