import type {
  AttributeDefinition,
  CreateTableCommandInput,
  GlobalSecondaryIndex,
  KeySchemaElement,
  Projection,
} from '@aws-sdk/client-dynamodb';
import type { IndexDefinition, TableDefinition } from './table-definition.js';

/** The request that creates a table with all its indexes, paid by request and, on AWS, protected from deletion. */
export function createTableInput(
  definition: TableDefinition,
  tableName: string,
  isProtected: boolean,
): CreateTableCommandInput {
  const indexes = definition.indexes?.map(indexSchema);
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keySchema(definition),
    AttributeDefinitions: attributeDefinitions(definition, [definition, ...(definition.indexes ?? [])]),
    ...(indexes && indexes.length > 0 ? { GlobalSecondaryIndexes: indexes } : {}),
    ...(isProtected ? { DeletionProtectionEnabled: true } : {}),
  };
}

export function indexSchema(index: IndexDefinition): GlobalSecondaryIndex {
  return {
    IndexName: index.name,
    KeySchema: keySchema(index),
    Projection: projectionOf(index.projection ?? 'ALL'),
  };
}

function projectionOf(projection: NonNullable<IndexDefinition['projection']>): Projection {
  return typeof projection === 'string'
    ? { ProjectionType: projection }
    : { ProjectionType: 'INCLUDE', NonKeyAttributes: [...projection] };
}

/** The types of the key attributes that the given keys use, each once. */
export function attributeDefinitions(definition: TableDefinition, keys: KeyPair[]): AttributeDefinition[] {
  const names = new Set(keys.flatMap(keyAttributes));
  return [...names].map((name) => ({ AttributeName: name, AttributeType: definition.key_types?.[name] ?? 'S' }));
}

type KeyPair = Pick<IndexDefinition, 'partition_key' | 'sort_key'>;

function keyAttributes({ partition_key, sort_key }: KeyPair): string[] {
  return sort_key === undefined ? [partition_key] : [partition_key, sort_key];
}

function keySchema(key: KeyPair): KeySchemaElement[] {
  return keyAttributes(key).map((name, index) => ({ AttributeName: name, KeyType: index === 0 ? 'HASH' : 'RANGE' }));
}
