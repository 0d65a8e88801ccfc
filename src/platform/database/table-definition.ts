import type {
  AttributeDefinition,
  CreateTableCommandInput,
  GlobalSecondaryIndex,
  KeySchemaElement,
  Projection,
} from '@aws-sdk/client-dynamodb';

/** The type of a key attribute: text or number. */
export type KeyType = 'S' | 'N';

/** A secondary index. It holds only the records that carry both of its key attributes, so leaving one out keeps it sparse. */
export interface IndexDefinition {
  name: string;
  partition_key: string;
  sort_key?: string;
  /** The attributes that the index copies besides its keys. Absent: all. */
  projection?: 'ALL' | 'KEYS_ONLY' | readonly string[];
}

/** A table as the platform needs it. Each feature declares its own in `<feature>.tables.ts`. */
export interface TableDefinition {
  /** Logical name, without the prefix of the environment. */
  name: string;
  partition_key: string;
  sort_key?: string;
  /** Types of the key attributes that are not text. */
  key_types?: Record<string, KeyType>;
  indexes?: IndexDefinition[];
  /** The attribute that holds the end of a record's life, in seconds since 1970. */
  ttl_attribute?: string;
}

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
