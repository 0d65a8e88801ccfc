import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CREDENTIAL_SOURCES } from '../../config/groups/database.settings.js';
import type { Settings } from '../../config/settings.js';
import { type ClientOptions, createClient } from './dynamodb-client.js';
import type { EmbeddedDatabase } from '../embedded/embedded-database.js';

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
    this.client = createClient(options);
    this.administration = createClient(options, ADMINISTRATION_TIMEOUT_MS);
  }

  close(): void {
    this.client.destroy();
    this.administration.destroy();
  }
}
