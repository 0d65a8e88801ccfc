import { DescribeTableCommand, DescribeTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import type { TestingModule } from '@nestjs/testing';
import { DatabaseConnection } from '../../src/platform/database/client/dynamodb-client.js';
import { DatabaseProbe } from '../../src/platform/database/client/database-probe.js';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { TableCreation } from '../../src/platform/database/tables/table-creation.js';
import type { TableDefinition } from '../../src/platform/database/table-definition.js';
import { DatabaseUnavailableError } from '../../src/shared/domain-error.js';
import { startDatabase, testSettings } from '../support/database.js';
import { databaseModule } from '../support/nest-database.js';
import { RECORD_TABLES } from '../support/records.tables.js';

let database: Awaited<ReturnType<typeof startDatabase>>;
let module: TestingModule;
let connection: DatabaseConnection;
let prefix: string;

beforeAll(async () => {
  // DynamoDB Local gives each table with an expiry a thread of its pool. When many are there, none is left to add an index.
  database = await startDatabase(true);
  const settings = testSettings({ DYNAMODB_ENDPOINT: database.endpoint });
  prefix = settings.get('NEXUS_TABLE_PREFIX');
  module = await databaseModule(settings, RECORD_TABLES);
  connection = module.get(DatabaseConnection);
});

afterAll(async () => {
  await module.close();
  await database.stop();
});

const creation = (definitions: TableDefinition[]) =>
  new TableCreation(connection.administration, definitions, { prefix, is_aws: false });

it('changes nothing when everything is there', async () => {
  expect(await creation(RECORD_TABLES).createMissing()).toEqual([]);
});

it('sets the expiry of records', async () => {
  const answer = await connection.administration.send(new DescribeTimeToLiveCommand({ TableName: `${prefix}Records` }));
  expect(answer.TimeToLiveDescription).toEqual({ AttributeName: 'expires_at', TimeToLiveStatus: 'ENABLED' });
});

it('adds a missing index to a table that holds records, and they are in it', async () => {
  const before: TableDefinition = { name: 'Growing', partition_key: 'id' };
  expect(await creation([before]).createMissing()).toEqual([`created table ${prefix}Growing`]);
  await module.get(DynamoDb).put({ TableName: 'Growing', Item: { id: 'a', owner: 'me', age: 7 } });
  const after: TableDefinition = {
    ...before,
    key_types: { age: 'N' },
    indexes: [
      { name: 'OwnerIndex', partition_key: 'owner' },
      { name: 'AgeIndex', partition_key: 'owner', sort_key: 'age' },
    ],
  };
  expect(await creation([after]).createMissing()).toEqual([
    `added index OwnerIndex to table ${prefix}Growing`,
    `added index AgeIndex to table ${prefix}Growing`,
  ]);
  const query = {
    TableName: 'Growing',
    IndexName: 'AgeIndex',
    KeyConditionExpression: '#owner = :me AND age > :six',
    ExpressionAttributeNames: { '#owner': 'owner' },
    ExpressionAttributeValues: { ':me': 'me', ':six': 6 },
  };
  expect((await module.get(DynamoDb).query(query)).items).toEqual([{ id: 'a', owner: 'me', age: 7 }]);
});

it('may run in several processes at once', async () => {
  const definition: TableDefinition = { name: 'Raced', partition_key: 'id', sort_key: 'part' };
  await Promise.all([creation([definition]).createMissing(), creation([definition]).createMissing()]);
  const { Table } = await connection.administration.send(new DescribeTableCommand({ TableName: `${prefix}Raced` }));
  expect(Table?.TableStatus).toBe('ACTIVE');
});

it('refuses a table of the same name with another key', async () => {
  const other: TableDefinition = { name: 'Counters', partition_key: 'id' };
  await expect(creation([other]).createMissing()).rejects.toThrow(
    `Table ${prefix}Counters exists with the key (name), but this version needs (id)`,
  );
});

it('is told by the probe which tables are missing', async () => {
  const probe = new DatabaseProbe(
    connection.client,
    [...RECORD_TABLES, { name: 'Absent', partition_key: 'id' }],
    prefix,
  );
  expect(await probe.tablesMissing()).toEqual(['Absent']);
  expect(await module.get(DatabaseProbe).tablesMissing()).toEqual([]);
});

it('is told by the probe in time that the database does not answer', async () => {
  const settings = testSettings({ DYNAMODB_ENDPOINT: 'http://127.0.0.1:9' });
  const dead = new DatabaseConnection(settings, undefined);
  await expect(new DatabaseProbe(dead.client, RECORD_TABLES, '').ping(300)).rejects.toBeInstanceOf(
    DatabaseUnavailableError,
  );
  dead.close();
});
