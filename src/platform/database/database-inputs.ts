import type {
  DeleteCommandInput,
  PutCommandInput,
  QueryCommandInput,
  TransactWriteCommandInput,
  UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';

/** Inputs of the AWS document client with a table name that must be given; names are logical, the prefix is added inside. */
type OnTable<T extends { TableName?: unknown }> = Omit<T, 'TableName'> & { TableName: string };

/** Key attributes of a record, or of a record in an index. */
export type Key = Record<string, string | number>;

export type PutInput = OnTable<PutCommandInput>;
export type UpdateInput = OnTable<Omit<UpdateCommandInput, 'ReturnValues'>>;
export type DeleteInput = OnTable<DeleteCommandInput>;
export type QueryInput = OnTable<QueryCommandInput>;
export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** One record to read, by its whole key. */
export interface ReadRequest {
  table: string;
  key: Key;
}
