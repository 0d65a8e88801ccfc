import { DatabaseUnavailableError } from '../../../shared/domain-error.js';

interface Waiting<T> {
  item: T;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Commits together what arrives while an earlier commit is under way (group commit, DeWitt et al. 1984): the busier the
 * database, the larger the groups, and what arrives alone is committed at once. `commit` writes all of a group or nothing, so
 * when it refuses one, each of the group is committed alone and only the bad one fails.
 */
export class GroupCommit<T> {
  private readonly waiting: Waiting<T>[] = [];
  private isUnderWay = false;

  /** @param limit how many one commit can take */
  constructor(
    private readonly commit: (items: T[]) => Promise<void>,
    private readonly limit: number,
  ) {}

  /** Resolves when the item is stored. @throws what `commit` throws for it */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.isUnderWay) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.isUnderWay = true;
    while (this.waiting.length > 0) await this.store(this.waiting.splice(0, this.limit));
    this.isUnderWay = false;
  }

  private async store(group: Waiting<T>[]): Promise<void> {
    try {
      await this.commit(group.map(({ item }) => item));
      for (const { resolve } of group) resolve();
    } catch (error) {
      // What may have been stored without a confirmation is not stored again.
      if (group.length === 1 || error instanceof DatabaseUnavailableError)
        for (const { reject } of group) reject(error);
      else for (const one of group) await this.store([one]);
    }
  }
}
