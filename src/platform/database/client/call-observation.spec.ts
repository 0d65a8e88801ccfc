import { once } from 'node:events';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metrics } from '../../observability/metrics.js';
import { Tracing } from '../../observability/tracing/tracing.js';
import { CallObservation } from './call-observation.js';
import { documentClient } from './document-client.js';
import { createClient } from './dynamodb-client.js';
import { DynamoDb } from './dynamodb.js';

type Answer = { status: number; body: object };

let server: Server;
let answers: Answer[];
let seen: Record<string, unknown>[];
beforeEach(async () => {
  answers = [];
  seen = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
      const { status, body } = answers.shift() ?? { status: 200, body: {} };
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const fault = (name: string, status = 400): Answer => ({
  status,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'no' },
});

/** What the metrics say after the calls, without the parts of the histogram. */
async function after(work: (db: DynamoDb) => Promise<unknown>, slow_ms = 0): Promise<string[]> {
  const metrics = new Metrics();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createClient({ region: 'us-east-1', endpoint, placeholder_credentials: true });
  const observation = new CallObservation({ metrics, tracing: Tracing.off(), prefix: 'test-', slow_ms });
  await work(new DynamoDb(documentClient(client, observation), 'test-', true)).catch(() => undefined);
  client.destroy();
  return (await metrics.registry.metrics()).split('\n').filter((line) => /^nexus_dynamodb_.*_total\{/.test(line));
}

it('counts attempts that were throttled, also when a retry made them good', async () => {
  answers = [fault('ThrottlingException'), fault('ProvisionedThroughputExceededException')];
  const lines = await after((db) => db.put({ TableName: 'T', Item: { id: 'x' } }));
  expect(lines).toEqual([
    'nexus_dynamodb_calls_total{operation="PutItem",outcome="ok"} 1',
    'nexus_dynamodb_throttles_total{operation="PutItem"} 2',
  ]);
});

it('adds up the capacity that the answer names, by table without prefix', async () => {
  const consumed = { ConsumedCapacity: { TableName: 'test-T', CapacityUnits: 2.5 } };
  answers = [
    { status: 200, body: consumed },
    { status: 200, body: consumed },
  ];
  const lines = await after(async (db) => {
    await db.put({ TableName: 'T', Item: { id: 'x' } });
    await db.put({ TableName: 'T', Item: { id: 'y' } });
  });
  expect(lines).toContain('nexus_dynamodb_consumed_capacity_units_total{operation="PutItem",table="T"} 5');
  expect(seen.map(({ ReturnConsumedCapacity }) => ReturnConsumedCapacity)).toEqual(['TOTAL', 'TOTAL']);
});

it.each([
  ['refused', fault('ConditionalCheckFailedException')],
  ['conflict', fault('TransactionConflictException')],
  ['error', fault('ValidationException')],
])('calls it %s what is not the load', async (outcome, answer) => {
  answers = [answer, answer, answer];
  const lines = await after((db) => db.put({ TableName: 'T', Item: { id: 'x' } }));
  expect(lines).toEqual([`nexus_dynamodb_calls_total{operation="PutItem",outcome="${outcome}"} 1`]);
});

it('calls it unavailable when the service fails', async () => {
  answers = [1, 2, 3].map(() => fault('InternalServerError', 500));
  const lines = await after((db) => db.put({ TableName: 'T', Item: { id: 'x' } }));
  expect(lines).toEqual(['nexus_dynamodb_calls_total{operation="PutItem",outcome="unavailable"} 1']);
});

it('logs a slow call with its table and condition, without keys and values, and none where the limit is 0', async () => {
  const warned = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
  const query = {
    TableName: 'T',
    IndexName: 'by-owner',
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': 'ORG#private' },
    Limit: 7,
  };
  answers = [{ status: 200, body: { Items: [], ConsumedCapacity: { TableName: 'test-T', CapacityUnits: 1.5 } } }];
  await after((db) => db.query(query), 0.000_1);
  await after((db) => db.query(query), 0);
  expect(warned.mock.calls).toEqual([
    [
      {
        msg: 'slow query',
        operation: 'Query',
        tables: ['T'],
        index: 'by-owner',
        condition: 'pk = :pk',
        filter: undefined,
        limit: 7,
        outcome: 'ok',
        duration_ms: expect.any(Number) as number,
        capacity_units: 1.5,
      },
    ],
  ]);
  warned.mockRestore();
});
