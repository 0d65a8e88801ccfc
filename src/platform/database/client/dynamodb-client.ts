import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { Logger } from '@nestjs/common';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { CREDENTIAL_SOURCES } from '../../config/settings-schema.js';
import type { Settings } from '../../config/settings.js';
import type { EmbeddedDatabase } from '../embedded/embedded-database.js';

const MAX_SOCKETS = 256;
const REQUEST_TIMEOUT_MS = 2_000;
/** Of the deadline of a call: one attempt leaves time for another. */
const ATTEMPT_SHARE = 2 / 3;
const ATTEMPTS = 3;

/**
 * Warnings go to the platform's log. Credential providers call `debug` without checking that it exists. `info` and `error` are
 * left out on purpose: with them the SDK copies the input and output of every call.
 */
const WARNINGS_ONLY = {
  trace: () => undefined,
  debug: () => undefined,
  warn: (text: unknown) => {
    new Logger('DynamoDb').warn(text);
  },
} as unknown as NonNullable<DynamoDBClientConfig['logger']>;

/** Local engines require a signature and ignore it. */
export const PLACEHOLDER_CREDENTIALS = { accessKeyId: 'nexus', secretAccessKey: 'nexus' };

export interface ClientOptions {
  region: string;
  /** Address of a local engine or of a private endpoint; AWS's own when left out. */
  endpoint?: string;
  /** Signs with a fixed pair instead of the default credential chain. */
  placeholder_credentials?: boolean;
}

/** A client of DynamoDB with kept-alive connections and time-outs below those of the platform's callers. */
export function createClient(options: ClientOptions, timeoutMs = REQUEST_TIMEOUT_MS): DynamoDBClient {
  const connections = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const config: DynamoDBClientConfig = {
    region: options.region,
    logger: WARNINGS_ONLY,
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: timeoutMs / 2,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(connections),
      httpsAgent: new HttpsAgent(connections),
    }),
    ...(options.endpoint ? { endpoint: options.endpoint } : {}),
    ...(options.placeholder_credentials ? { credentials: PLACEHOLDER_CREDENTIALS } : {}),
  };
  return new DynamoDBClient(config);
}

/** Table changes are rare and may be slow, on AWS as on a small machine. */
const ADMINISTRATION_TIMEOUT_MS = 20_000;
const AWS_HOST = /\.amazonaws\.com(\.cn)?$/;

/** The clients of one process and what they talk to. */
export class DatabaseConnection {
  /** For records. */
  readonly client: DynamoDBClient;
  /** For tables. */
  readonly administration: DynamoDBClient;
  /** AWS's own service, not an engine that speaks its protocol. */
  readonly is_aws: boolean;

  constructor(settings: Settings, embedded: EmbeddedDatabase | undefined) {
    const endpoint = embedded?.endpoint ?? settings.get('DYNAMODB_ENDPOINT');
    this.is_aws = endpoint === undefined || AWS_HOST.test(new URL(endpoint).hostname);
    const hasCredentials = CREDENTIAL_SOURCES.some((name) => settings.get(name) !== undefined);
    const options: ClientOptions = {
      region: settings.get('AWS_REGION'),
      ...(endpoint === undefined ? {} : { endpoint }),
      placeholder_credentials: embedded !== undefined || (!this.is_aws && !hasCredentials),
    };
    this.client = createClient(options, settings.get('DYNAMODB_TIMEOUT_SECONDS') * 1000 * ATTEMPT_SHARE);
    this.administration = createClient(options, ADMINISTRATION_TIMEOUT_MS);
  }

  close(): void {
    this.client.destroy();
    this.administration.destroy();
  }
}
