/** The type of a key attribute: text or number. */
export type KeyType = 'S' | 'N';

/** A secondary index. It holds only the records that carry both of its key attributes, so leaving one out keeps it sparse. */
export interface IndexDefinition {
  name: string;
  partition_key: string;
  sort_key?: string;
  /** What the index copies beside its keys: everything unless told otherwise, or the attributes that are named. */
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
