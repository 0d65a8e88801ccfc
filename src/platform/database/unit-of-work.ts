import { Injectable } from '@nestjs/common';
import { ConflictError } from '../../shared/domain-error.js';
import type { DeleteInput, PutInput, TransactItem, UpdateInput } from './database-inputs.js';
import { DynamoDb, failedConditions, isTransactionConflict } from './client/dynamodb.js';

declare const opaque: unique symbol;

/**
 * One write of one record, or a condition on one. Repositories create writes; services, ports and rules pass them on without
 * seeing what is in them.
 */
export interface Write {
  readonly [opaque]: 'write';
}

type Refusal = () => Error;
type ConditionInput = NonNullable<TransactItem['ConditionCheck']>;

/** What a write really is. */
interface OpenWrite {
  item: TransactItem;
  refusal: Refusal | undefined;
}

/** Creates writes, for repositories only. `refusal` creates the error to throw if the write's own condition fails. */
export const write = {
  put: (input: PutInput, refusal?: Refusal): Write => sealed({ Put: input }, refusal),
  update: (input: UpdateInput & { UpdateExpression: string }, refusal?: Refusal): Write =>
    sealed({ Update: input }, refusal),
  delete: (input: DeleteInput, refusal?: Refusal): Write => sealed({ Delete: input }, refusal),
  check: (input: ConditionInput, refusal?: Refusal): Write => sealed({ ConditionCheck: input }, refusal),
};

/** Nothing was written: conditions failed, or other transactions kept a record busy for too long. */
export class NotCommittedError extends ConflictError {
  /** @param refused the writes whose conditions failed; empty when records were busy */
  constructor(
    readonly refused: ReadonlySet<Write>,
    cause: unknown,
  ) {
    super('Another request changed the same records', { suggestion: 'Send the request again.', cause });
  }
}

/** Commits writes of any number of repositories in one transaction: all or none. */
@Injectable()
export class UnitOfWork {
  constructor(private readonly db: DynamoDb) {}

  /**
   * At most 100 writes, each of another record, 4 MB together. Busy records are retried for a few hundred milliseconds.
   * @throws the error of the first refused write; otherwise NotCommittedError
   */
  async commit(writes: readonly Write[]): Promise<void> {
    const open = writes as unknown as readonly OpenWrite[];
    try {
      await this.db.transact(open.map(({ item }) => item));
    } catch (error) {
      const failed = failedConditions(error);
      if (!failed && !isTransactionConflict(error)) throw error;
      const refusal = open.find(({ refusal }, index) => refusal && failed?.[index])?.refusal;
      throw refusal?.() ?? new NotCommittedError(new Set(writes.filter((_, index) => failed?.[index])), error);
    }
  }

  /** As {@link commit}. @returns false when the condition of a write without its own error failed */
  async tryCommit(writes: readonly Write[]): Promise<boolean> {
    try {
      await this.commit(writes);
      return true;
    } catch (error) {
      if (error instanceof NotCommittedError && error.refused.size > 0) return false;
      throw error;
    }
  }

  /** As {@link commit}, with one error for all that is refused or busy. */
  async commitOr(changed: Refusal, writes: readonly Write[]): Promise<void> {
    await this.commit(writes).catch((error: unknown) => {
      throw error instanceof NotCommittedError ? changed() : error;
    });
  }
}

function sealed(item: TransactItem, refusal: Refusal | undefined): Write {
  return { item, refusal } satisfies OpenWrite as unknown as Write;
}
