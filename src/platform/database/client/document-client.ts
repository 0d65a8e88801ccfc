import { type DynamoDBClient, DynamoDBServiceException, GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { getEndpointFromInstructions } from '@smithy/core/endpoints';
import { HttpRequest, type HttpResponse } from '@smithy/core/protocols';
import { getRetryAfterHint, isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallObservation } from './call-observation.js';
import { PLACEHOLDER_CREDENTIALS } from './dynamodb-client.js';

/** What the platform uses of the SDK's document client. */
export type DocumentClient = Pick<DynamoDBDocumentClient, 'send'>;

/** How DynamoDB calls what a command does. */
const OPERATIONS = new Map<unknown, string>([
  [BatchGetCommand, 'BatchGetItem'],
  [BatchWriteCommand, 'BatchWriteItem'],
  [DeleteCommand, 'DeleteItem'],
  [GetCommand, 'GetItem'],
  [PutCommand, 'PutItem'],
  [QueryCommand, 'Query'],
  [ScanCommand, 'Scan'],
  [TransactWriteCommand, 'TransactWriteItems'],
  [UpdateCommand, 'UpdateItem'],
]);
const VERSION = 'DynamoDB_20120810';
/** Clocks that differ by more than five minutes make AWS refuse a signature. */
const CLOCK_SKEW_MS = 240_000;

type Fields = Record<string, unknown>;
type Fault = Parameters<typeof isThrottlingError>[0];
type HttpHandler = { handle: (request: HttpRequest, options: object) => Promise<{ response: HttpResponse }> };
type Sender = (command: object, options?: { abortSignal?: AbortSignal }) => Promise<Fields>;

interface Refusal {
  __type?: string;
  message?: string;
  /** Some of DynamoDB's errors spell it so. */
  Message?: string;
  CancellationReasons?: unknown;
  /** The record whose condition failed, where a call asks for it. */
  Item?: unknown;
}

/** Where requests go, and how they are signed; found once for each client. */
interface Route {
  request: { protocol: string; hostname: string; port?: number; path: string };
  host: string;
  /** Engines that ignore signatures get the same signature with every request. */
  sign: (unsigned: HttpRequest, date: Date) => HttpRequest | Promise<HttpRequest>;
}

/**
 * Sends the document commands of the SDK with its configuration (credentials, signature, endpoint, connections, retries), but not through
 * its middleware (ADR 33). Errors are the SDK's: `DynamoDBServiceException` with name, status and the reasons of a cancelled transaction.
 */
class DirectDocumentClient {
  private route: Promise<Route> | undefined;
  /** How far AWS's clock is ahead of this machine's, in milliseconds. */
  private skew_ms = 0;

  constructor(
    private readonly client: DynamoDBClient,
    private readonly observation: CallObservation | undefined,
  ) {}

  readonly send: Sender = async (command, { abortSignal } = {}) => {
    const operation = OPERATIONS.get(command.constructor);
    if (operation === undefined) throw new TypeError(`${command.constructor.name} is not a command for records`);
    const { input } = command as { input: Fields };
    const call = (observed: Fields) => this.withRetries(operation, toWire(observed), abortSignal);
    return this.observation ? this.observation.call(operation, input, call) : call(input);
  };

  private async withRetries(operation: string, body: string, signal: AbortSignal | undefined): Promise<Fields> {
    const strategy = await this.client.config.retryStrategy();
    if (!('acquireInitialRetryToken' in strategy)) throw new TypeError('the retry strategy has no tokens');
    let token = await strategy.acquireInitialRetryToken('');
    for (;;) {
      try {
        const output = await this.attempt(operation, body, signal);
        strategy.recordSuccess(token);
        return output;
      } catch (error) {
        const fault = error as Fault;
        if (isThrottlingError(fault)) this.observation?.throttled(operation);
        const next = await strategy.refreshRetryTokenForRetry(token, retryInfo(fault)).catch(() => undefined);
        if (!next) throw error;
        token = next;
        await delay(token.getRetryDelay(), undefined, { signal });
      }
    }
  }

  private async attempt(operation: string, body: string, abortSignal: AbortSignal | undefined): Promise<Fields> {
    this.route ??= this.findRoute();
    const { request, host, sign } = await this.route.catch((error: unknown) => {
      this.route = undefined;
      throw error;
    });
    const unsigned = new HttpRequest({
      ...request,
      method: 'POST',
      headers: {
        host,
        'content-type': 'application/x-amz-json-1.0',
        'content-length': String(Buffer.byteLength(body)),
        'user-agent': 'nexus',
        'x-amz-target': `${VERSION}.${operation}`,
      },
      body,
    });
    const signed = await sign(unsigned, new Date(Date.now() + this.skew_ms));
    const requestHandler = this.client.config.requestHandler as HttpHandler;
    const { response } = await requestHandler.handle(signed, abortSignal ? { abortSignal } : {});
    const text = await textOf(response.body as IncomingMessage);
    if (response.statusCode === 200) return fromWire(text);
    throw this.asException(response, text);
  }

  private async findRoute(): Promise<Route> {
    const { config } = this.client;
    const { url, properties } = await getEndpointFromInstructions({}, GetItemCommand, { ...config }, {});
    const [scheme] = (properties?.['authSchemes'] ?? []) as never[];
    const signer = await config.signer(scheme);
    const { protocol, hostname, port, pathname, host } = url;
    const request = { protocol, hostname, path: pathname, ...(port === '' ? {} : { port: Number(port) }) };
    const sign = async (unsigned: HttpRequest, signingDate = new Date()) =>
      (await signer.sign(unsigned, { signingDate })) as HttpRequest;
    const { accessKeyId, secretAccessKey } = await config.credentials();
    const isPlaceholder =
      accessKeyId === PLACEHOLDER_CREDENTIALS.accessKeyId &&
      secretAccessKey === PLACEHOLDER_CREDENTIALS.secretAccessKey;
    if (!isPlaceholder) return { request, host, sign };
    const { headers: signature } = await sign(new HttpRequest({ ...request, method: 'POST', headers: { host } }));
    return {
      request,
      host,
      sign: (unsigned) => Object.assign(unsigned, { headers: { ...signature, ...unsigned.headers } }),
    };
  }

  private asException(response: HttpResponse, text: string): DynamoDBServiceException {
    const { __type = 'UnknownError', message, Message, CancellationReasons, Item } = parsed(text);
    const name = __type.replace(/^.*#/, '');
    const exception = new DynamoDBServiceException({
      name,
      $fault: response.statusCode < 500 ? 'client' : 'server',
      message: message ?? Message ?? name,
      $metadata: { httpStatusCode: response.statusCode },
    });
    Object.assign(exception, { $response: response, CancellationReasons, Item });
    const skew_ms = Date.parse(response.headers['date'] ?? '') - Date.now();
    if (Math.abs(skew_ms - this.skew_ms) >= CLOCK_SKEW_MS) {
      this.skew_ms = skew_ms;
      Object.assign(exception.$metadata, { clockSkewCorrected: true });
    }
    return exception;
  }
}

/**
 * A client of records: plain JavaScript values in and out, undefined attributes are left out.
 * @param observation counts, times and traces the calls
 */
export function documentClient(client: DynamoDBClient, observation?: CallObservation): DocumentClient {
  return new DirectDocumentClient(client, observation) as unknown as DocumentClient;
}

function retryInfo(error: Fault) {
  const retryAfterHint = getRetryAfterHint((error as { $response?: unknown }).$response);
  return { errorType: errorType(error), error, ...(retryAfterHint ? { retryAfterHint } : {}) };
}

function errorType(error: Fault): 'THROTTLING' | 'TRANSIENT' | 'SERVER_ERROR' | 'CLIENT_ERROR' {
  if (isThrottlingError(error)) return 'THROTTLING';
  if (isTransientError(error)) return 'TRANSIENT';
  return isServerError(error) ? 'SERVER_ERROR' : 'CLIENT_ERROR';
}

async function textOf(body: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  body.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(body, 'end');
  return Buffer.concat(chunks).toString('utf8');
}

/** A proxy's page is not JSON. */
function parsed(text: string): Refusal {
  try {
    return JSON.parse(text) as Refusal;
  } catch {
    return {};
  }
}

/** Fields that hold attributes, lists of such, and what holds such fields in turn. */
const ATTRIBUTES = new Set([
  'Attributes',
  'ExclusiveStartKey',
  'ExpressionAttributeValues',
  'Item',
  'Key',
  'LastEvaluatedKey',
]);
const LISTS = new Set(['Items', 'Keys']);
const BY_TABLE = new Set(['RequestItems', 'Responses', 'UnprocessedItems', 'UnprocessedKeys']);

type Convert = (attributes: Fields) => Fields;

/** An input or output with its attributes converted, whatever the operation. */
function converted(part: Fields, convert: Convert): Fields {
  const result: Fields = {};
  for (const [name, value] of Object.entries(part)) {
    if (value === undefined || value === null) continue;
    if (ATTRIBUTES.has(name)) result[name] = convert(value as Fields);
    else if (LISTS.has(name)) result[name] = (value as Fields[]).map(convert);
    else if (name === 'TransactItems') result[name] = (value as Fields[]).map((item) => eachPart(item, convert));
    else if (BY_TABLE.has(name)) {
      const isRead = name === 'Responses';
      const one: Convert = isRead ? convert : (item) => eachPart(item, convert);
      result[name] = mapped(value as Record<string, Fields | Fields[]>, (all) =>
        Array.isArray(all) ? all.map(one) : converted(all, convert),
      );
    } else result[name] = value;
  }
  return result;
}

/** `{ Put: { Item } }`, `{ DeleteRequest: { Key } }` and the like. */
function eachPart(item: Fields, convert: Convert): Fields {
  return mapped(item as Record<string, Fields | undefined>, (part) => part && converted(part, convert));
}

function mapped<T>(fields: Record<string, T>, convert: (value: T) => unknown): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, convert(value)]));
}

function toWire(input: Fields): string {
  const attributes = (values: Fields): Fields => marshall(values, { removeUndefinedValues: true });
  return JSON.stringify(converted(input, attributes), bytesToBase64);
}

function fromWire(text: string): Fields {
  // Few records hold bytes, and a reviver takes ten times as long.
  const output = JSON.parse(text, /"BS?":\s*["[]/.test(text) ? base64ToBytes : undefined) as Fields;
  return converted(output, unmarshall as Convert);
}

/** `toJSON` of a Buffer has been applied to `value`, so its holder is looked at. */
function bytesToBase64(this: unknown, key: string, value: unknown): unknown {
  const bytes = (this as Fields)[key];
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('base64') : value;
}

/** An attribute whose name is B or BS holds an object there, not a text or texts. */
function base64ToBytes(key: string, value: unknown): unknown {
  if (key === 'B' && typeof value === 'string') return new Uint8Array(Buffer.from(value, 'base64'));
  if (key === 'BS' && Array.isArray(value))
    return value.map((text) => new Uint8Array(Buffer.from(String(text), 'base64')));
  return value;
}
