import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../platform/database/client/dynamodb.js';
import { UnitOfWork, write } from '../platform/database/unit-of-work.js';
import { ConflictError } from '../shared/domain-error.js';
import { type RowChange } from './counter-row.js';
import { REBUILD_KEY, rowUpdate } from './counters.repository.js';
import { STATISTICS_TABLE } from './statistics.tables.js';

/** A rebuild that dies lets counting go on after this long. */
const HOLD_MS = 15 * 60_000;
const HELD = { TableName: STATISTICS_TABLE, Key: { ...REBUILD_KEY } };

/** While a rebuild holds it, no process counts: facts wait. Deletions and gauges go on. */
@Injectable()
export class RebuildHoldRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** Takes the hold, or prolongs one's own. @throws ConflictError while another rebuild has it. */
  async take(owner: string, now: Date): Promise<void> {
    const nobodyElseHoldsIt = 'attribute_not_exists(subject) OR held_until < :now OR held_by = :owner';
    const held_until = new Date(now.getTime() + HOLD_MS).toISOString();
    try {
      await this.db.put({
        TableName: STATISTICS_TABLE,
        Item: { ...REBUILD_KEY, held_by: owner, held_until },
        ConditionExpression: nobodyElseHoldsIt,
        ExpressionAttributeValues: { ':now': now.toISOString(), ':owner': owner },
      });
    } catch (error) {
      throw conditionFailed(error)
        ? new ConflictError('Another rebuild of the statistics is running', { cause: error })
        : error;
    }
  }

  /** Counting goes on. Harmless when the hold ran out and someone else has it. */
  async release(owner: string): Promise<void> {
    try {
      await this.db.delete({
        ...HELD,
        ConditionExpression: 'held_by = :owner',
        ExpressionAttributeValues: { ':owner': owner },
      });
    } catch (error) {
      if (!conditionFailed(error)) throw error;
    }
  }

  /** Adds the changes, at most 99, if the hold is still the owner's. @throws ConflictError when it ran out. */
  async correct(owner: string, changes: RowChange[], now: Date): Promise<void> {
    const holdIsMine = {
      ...HELD,
      ConditionExpression: 'held_by = :owner AND held_until > :now',
      ExpressionAttributeValues: { ':owner': owner, ':now': now.toISOString() },
    };
    const isOver = () => new ConflictError('The rebuild exceeded its time limit: run it again');
    await this.unit.commit([...changes.map((change) => rowUpdate(change)), write.check(holdIsMine, isOver)]);
  }
}
