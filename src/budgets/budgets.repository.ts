import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../platform/database/client/dynamodb.js';
import { UnitOfWork, type Write, write } from '../platform/database/unit-of-work.js';
import type { Amount, Budget, BudgetNotice, BudgetScope, Hold, Ledger, Spending } from './budget.js';
import { less, NOTHING, UNSPENT } from './budget.js';
import { BUDGETS_TABLE } from './budgets.tables.js';

const HOLD = 'hold_';
/** Marks a hold that expired and was given back, so that its call, if it ends after all, is counted exactly once. */
const LATE = 'late_';
const REPORTED = 'reported_';

/** Spending is kept so long after its window ends. */
const KEPT_SECONDS = 400 * 24 * 60 * 60;

interface Key {
  pk: string;
  sk: string;
}

type SpendingRow = Partial<Amount> & Record<string, unknown>;

const budgetKey = (org_id: string, scope: BudgetScope, scope_id: string): Key => ({
  pk: `ORG#${org_id}`,
  sk: `BUDGET#${scope}#${scope_id}`,
});
const spendingKey = ({ budget: { org_id, scope, scope_id }, window, period }: Ledger): Key => ({
  pk: `ORG#${org_id}`,
  sk: `SPENT#${scope}#${scope_id}#${window}#${period}`,
});
const noticeKey = (notice_id: string): Key => ({ pk: `NOTICE#${notice_id}`, sk: 'NOTICE' });

/**
 * Budgets, what was spent on them, and reports to webhooks. Every amount is changed by one conditional update of one record, so
 * parallel calls of any number of processes cannot take the same money.
 */
@Injectable()
export class BudgetsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** All of an organization, by scope and id. One call. */
  async listByOrg(org_id: string): Promise<Budget[]> {
    const budgets: Budget[] = [];
    const query = {
      TableName: BUDGETS_TABLE,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :budget)',
      ExpressionAttributeValues: { ':pk': `ORG#${org_id}`, ':budget': 'BUDGET#' },
      ConsistentRead: true,
    };
    for await (const row of this.db.queryAll<Budget & Key>(query)) {
      const { pk: _pk, sk: _sk, ...budget } = row;
      budgets.push(budget);
    }
    return budgets;
  }

  /** @returns false when another request changed the budget meanwhile */
  async save(budget: Budget): Promise<boolean> {
    const isUnchanged = budget.revision === 1 ? 'attribute_not_exists(pk)' : 'revision = :before';
    return this.accepted({
      TableName: BUDGETS_TABLE,
      Item: { ...budgetKey(budget.org_id, budget.scope, budget.scope_id), ...budget },
      ConditionExpression: isUnchanged,
      ...(budget.revision === 1 ? {} : { ExpressionAttributeValues: { ':before': budget.revision - 1 } }),
    });
  }

  /** The budget only: what was spent is kept, so that deleting and setting it again does not start the window again. */
  async delete(org_id: string, scope: BudgetScope, scope_id: string): Promise<void> {
    await this.db.delete({ TableName: BUDGETS_TABLE, Key: { ...budgetKey(org_id, scope, scope_id) } });
  }

  /** As {@link delete}, in the transaction of the record that has the budget. */
  deletion(org_id: string, scope: BudgetScope, scope_id: string): Write {
    return write.delete({ TableName: BUDGETS_TABLE, Key: { ...budgetKey(org_id, scope, scope_id) } });
  }

  /** For the deletion of an organization. */
  async deleteByOrg(org_id: string): Promise<void> {
    await this.db.deleteMatching<Key & { org_id: string }>(
      BUDGETS_TABLE,
      (row) => row.org_id === org_id,
      ({ pk, sk }) => ({ pk, sk }),
    );
  }

  async spendings(ledgers: readonly Ledger[]): Promise<Spending[]> {
    const rows = await this.db.batchGet<SpendingRow>(
      ledgers.map((ledger) => ({ table: BUDGETS_TABLE, key: { ...spendingKey(ledger) } })),
    );
    return rows.map(spendingOf);
  }

  /**
   * Holds an amount if all that is spent and held leaves room for it. The amount must not be larger than the limit itself.
   * @returns the spending that leaves no room; undefined when the amount is held
   */
  async hold(ledger: Ledger, hold_id: string, hold: Hold): Promise<Spending | undefined> {
    const room = less({ nano_usd: ledger.limit.nano_usd ?? Infinity, tokens: ledger.limit.tokens ?? Infinity }, hold);
    const fits = (unit: keyof Amount): string =>
      Number.isFinite(room[unit]) ? ` AND (attribute_not_exists(${unit}) OR ${unit} <= :room_${unit})` : '';
    const isHeld = await this.updated(ledger, {
      set: '#hold = :hold, org_id = :org, expires_at = :expires',
      add: hold,
      condition: `attribute_not_exists(#hold)${fits('nano_usd')}${fits('tokens')}`,
      names: { '#hold': HOLD + hold_id },
      values: {
        ':hold': { ...hold },
        ...limitValues(room),
        ':org': ledger.budget.org_id,
        ':expires': expiryOf(ledger),
      },
    });
    if (isHeld) return undefined;
    const [found = UNSPENT] = await this.spendings([ledger]);
    // An answer of the database was lost, and the SDK sent the write again.
    return found.holds.has(hold_id) ? undefined : found;
  }

  /** The call did not happen. */
  async release(ledger: Ledger, hold_id: string, hold: Amount): Promise<void> {
    await this.ended(ledger, hold_id, less(NOTHING, hold));
  }

  /** Gives back what a call holds that should have ended long ago: its process has died. */
  async expire(ledger: Ledger, hold_id: string, hold: Amount): Promise<void> {
    await this.updated(ledger, {
      set: '#late = :late',
      remove: '#hold',
      add: less(NOTHING, hold),
      condition: 'attribute_exists(#hold)',
      names: { '#hold': HOLD + hold_id, '#late': LATE + hold_id },
      values: { ':late': true },
    });
  }

  /** Counts what a call has really spent instead of what was held for it. Idempotent. @returns the spending afterwards */
  async settle(ledger: Ledger, hold_id: string, hold: Amount, spent: Amount): Promise<Spending> {
    const settled = await this.ended(ledger, hold_id, less(spent, hold));
    if (settled) return settled;
    const late = await this.updated(ledger, {
      remove: '#late',
      add: spent,
      condition: 'attribute_exists(#late)',
      names: { '#late': LATE + hold_id },
      values: {},
    });
    return late ?? (await this.spendings([ledger]))[0] ?? UNSPENT;
  }

  /** Counts on a soft budget. @returns the spending afterwards */
  async add(ledger: Ledger, spent: Amount): Promise<Spending> {
    const values = { ':org': ledger.budget.org_id, ':expires': expiryOf(ledger) };
    const change = { set: 'org_id = :org, expires_at = :expires', add: spent, names: {}, values };
    return (await this.updated(ledger, change)) ?? UNSPENT;
  }

  /** @returns false when another call has reported the threshold */
  async report(ledger: Ledger, reported_as: string, together: readonly Write[]): Promise<boolean> {
    return this.unit.tryCommit([
      write.update({
        TableName: BUDGETS_TABLE,
        Key: { ...spendingKey(ledger) },
        UpdateExpression: 'SET #reported = :reported, org_id = :org, expires_at = :expires',
        ConditionExpression: 'attribute_not_exists(#reported)',
        ExpressionAttributeNames: { '#reported': REPORTED + reported_as },
        ExpressionAttributeValues: {
          ':reported': true,
          ':org': ledger.budget.org_id,
          ':expires': expiryOf(ledger),
        },
      }),
      ...together,
    ]);
  }

  notice(notice: BudgetNotice, expires_at: number): Write {
    return write.put({
      TableName: BUDGETS_TABLE,
      Item: { ...noticeKey(notice.notice_id), ...notice, expires_at },
    });
  }

  async findNotice(notice_id: string): Promise<(BudgetNotice & { expires_at: number }) | undefined> {
    return this.db.get(BUDGETS_TABLE, { ...noticeKey(notice_id) });
  }

  private async ended(ledger: Ledger, hold_id: string, change: Amount): Promise<Spending | undefined> {
    return this.updated(ledger, {
      remove: '#hold',
      add: change,
      condition: 'attribute_exists(#hold)',
      names: { '#hold': HOLD + hold_id },
      values: {},
    });
  }

  /** @returns undefined when the condition does not hold */
  private async updated(
    ledger: Ledger,
    change: {
      set?: string;
      remove?: string;
      add: Amount;
      condition?: string;
      names: Record<string, string>;
      values: Record<string, unknown>;
    },
  ): Promise<Spending | undefined> {
    const { set, remove, add, condition, names, values } = change;
    try {
      const row = await this.db.update<SpendingRow>({
        TableName: BUDGETS_TABLE,
        Key: { ...spendingKey(ledger) },
        UpdateExpression: `${set ? `SET ${set} ` : ''}${remove ? `REMOVE ${remove} ` : ''}ADD nano_usd :nano_usd, tokens :tokens`,
        ...(condition ? { ConditionExpression: condition } : {}),
        ...(Object.keys(names).length > 0 ? { ExpressionAttributeNames: names } : {}),
        ExpressionAttributeValues: { ...values, ':nano_usd': add.nano_usd, ':tokens': add.tokens },
      });
      return spendingOf(row);
    } catch (error) {
      if (conditionFailed(error)) return undefined;
      throw error;
    }
  }

  private async accepted(input: Parameters<DynamoDb['put']>[0]): Promise<boolean> {
    try {
      await this.db.put(input);
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }
}

function limitValues({ nano_usd, tokens }: Amount): Record<string, number> {
  return {
    ...(Number.isFinite(nano_usd) ? { ':room_nano_usd': nano_usd } : {}),
    ...(Number.isFinite(tokens) ? { ':room_tokens': tokens } : {}),
  };
}

function spendingOf(row: SpendingRow | undefined): Spending {
  if (!row) return UNSPENT;
  const { nano_usd = 0, tokens = 0 } = row;
  const named = (prefix: string) =>
    Object.entries(row).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    );
  return {
    committed: { nano_usd, tokens },
    holds: new Map(named(HOLD) as [string, Hold][]),
    reported: new Set(named(REPORTED).map(([name]) => name)),
  };
}

const expiryOf = ({ resets_at }: Ledger): number => Math.floor(resets_at.getTime() / 1000) + KEPT_SECONDS;
