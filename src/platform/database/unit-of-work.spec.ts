import { NotFoundError } from '../../shared/domain-error.js';
import type { TransactItem } from './database-inputs.js';
import type { DynamoDb } from './client/dynamodb.js';
import { NotCommittedError, UnitOfWork, write } from './unit-of-work.js';

const put = { TableName: 'Things', Item: { id: 'a' }, ConditionExpression: 'attribute_not_exists(id)' };
const check = { TableName: 'Agents', Key: { id: 'b' }, ConditionExpression: 'attribute_exists(id)' };

/** A database that cancels every transaction for these reasons, one for each write. */
function unit(...codes: string[]) {
  const sent: TransactItem[][] = [];
  const transact = (items: TransactItem[]) => {
    sent.push(items);
    if (codes.length === 0) return Promise.resolve();
    const CancellationReasons = codes.map((Code) => ({ Code }));
    return Promise.reject(
      Object.assign(new Error('cancelled'), { name: 'TransactionCanceledException', CancellationReasons }),
    );
  };
  return { sent, unit: new UnitOfWork({ transact } as unknown as DynamoDb) };
}

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => undefined).catch((error: unknown) => error);

describe('a unit of work', () => {
  it('commits the writes of several repositories in one transaction', async () => {
    const { sent, unit: work } = unit();
    await work.commit([write.put(put), write.check(check)]);
    expect(sent).toEqual([[{ Put: put }, { ConditionCheck: check }]]);
  });

  it('throws the error that the refused write carries', async () => {
    const { unit: work } = unit('None', 'ConditionalCheckFailed');
    const agentIsThere = write.check(check, () => new NotFoundError('Agent', 'b'));
    const other = write.put(put, () => new Error('not this one'));
    expect(await errorOf(work.commit([other, agentIsThere]))).toBeInstanceOf(NotFoundError);
    expect(await errorOf(work.tryCommit([other, agentIsThere]))).toBeInstanceOf(NotFoundError);
  });

  it('names the refused writes when they carry no error', async () => {
    const { unit: work } = unit('ConditionalCheckFailed', 'None');
    const [thing, other] = [write.put(put), write.check(check)];
    const error = await errorOf(work.commit([thing, other]));
    expect(error).toBeInstanceOf(NotCommittedError);
    expect((error as NotCommittedError).refused).toEqual(new Set([thing]));
    expect(await work.tryCommit([thing, other])).toBe(false);
  });

  it('tells busy records from refused ones', async () => {
    const { unit: work } = unit('TransactionConflict');
    const error = await errorOf(work.tryCommit([write.put(put)]));
    expect((error as NotCommittedError).refused.size).toBe(0);
    const changed = new Error('changed');
    expect(await errorOf(work.commitOr(() => changed, [write.put(put)]))).toBe(changed);
  });
});
