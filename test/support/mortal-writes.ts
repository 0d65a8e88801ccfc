import type { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { DatabaseUnavailableError } from '../../src/shared/domain-error.js';

const WRITES = ['put', 'update', 'delete', 'transact', 'batchDelete'] as const;

/** Lets a running platform die before its n-th write from now on, as a kill would have it: nothing is written afterwards. */
export class MortalWrites {
  private left = Infinity;

  constructor(db: DynamoDb) {
    for (const name of WRITES) {
      const write = db[name].bind(db) as (...input: unknown[]) => Promise<unknown>;
      const value = async (...input: unknown[]): Promise<unknown> => {
        if (this.left <= 0) throw new DatabaseUnavailableError('This process is dead');
        this.left--;
        return write(...input);
      };
      Object.defineProperty(db, name, { value });
    }
  }

  get isDead(): boolean {
    return this.left <= 0;
  }

  dieAfter(writes: number): void {
    this.left = writes;
  }

  revive(): void {
    this.left = Infinity;
  }
}
