import {
  type CounterKey,
  CounterSheet,
  type CounterRow,
  isArchived,
  LONGEST,
  isGauges,
  type RowChange,
  rowName,
  shardPeriod,
  unarchived,
} from './counter-row.js';

/** One attribute of one row where the counters and the recount from the records disagree. */
export interface Difference extends CounterKey {
  attribute: string;
  counted: number | string | null;
  recounted: number | string | null;
}

const LAST = 'last_invoked_at';

/** What the counters say, and what the archive says of it; gauges are summed over their shards. */
export function partsOf(rows: CounterRow[]): { counters: CounterSheet; archive: CounterSheet } {
  const counters = new CounterSheet();
  const archive = new CounterSheet();
  for (const row of rows) {
    if (isArchived(row)) archive.add(asChange(unarchived(row)));
    else counters.add(asChange(row));
  }
  return { counters, archive };
}

/**
 * Compares two sheets attribute by attribute. The last use of an agent may be later than its records say, because those may
 * be deleted; never earlier.
 */
export function differencesBetween(counters: CounterSheet, recount: CounterSheet): Difference[] {
  const counted = byName(counters);
  const recounted = byName(recount);
  const names = [...new Set([...counted.keys(), ...recounted.keys()])].sort();
  return names.flatMap((name) => rowDifferences(counted.get(name), recounted.get(name)));
}

/** The additions that make the counters equal to the recount. */
export function correctionsOf(differences: Difference[]): RowChange[] {
  return new CounterSheet(differences.map(correction)).changes();
}

function correction({ subject, period, attribute, counted, recounted }: Difference): RowChange {
  if (attribute === LAST)
    return { subject, period, amounts: {}, ...(typeof recounted === 'string' ? { last_invoked_at: recounted } : {}) };
  return { subject, period, amounts: { [attribute]: Number(recounted) - Number(counted) } };
}

function rowDifferences(counted: RowChange | undefined, recounted: RowChange | undefined): Difference[] {
  const key = counted ?? recounted;
  if (!key) return [];
  const { subject, period } = key;
  const attributes = [
    ...new Set([...Object.keys(counted?.amounts ?? {}), ...Object.keys(recounted?.amounts ?? {})]),
  ].sort();
  const differences: Difference[] = attributes.map((attribute) => ({
    subject,
    period,
    attribute,
    counted: counted?.amounts[attribute] ?? 0,
    recounted: recounted?.amounts[attribute] ?? 0,
  }));
  const wrong = differences.filter((difference) => difference.counted !== difference.recounted);
  const last = { counted: counted?.last_invoked_at ?? null, recounted: recounted?.last_invoked_at ?? null };
  const isEarlier = last.recounted !== null && last.recounted > (last.counted ?? '');
  return isEarlier ? [...wrong, { subject, period, attribute: LAST, ...last }] : wrong;
}

function asChange(row: CounterRow): RowChange {
  const { subject } = row;
  const period = isGauges(row) ? shardPeriod(0) : row.period;
  const numbers = Object.entries(row).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const amounts = Object.fromEntries(
    numbers.filter(
      ([attribute]) =>
        attribute !== 'expires_at' && attribute !== LONGEST && !(isGauges(row) && attribute === 'changes'),
    ),
  );
  const last = row[LAST];
  return { subject, period, amounts, ...(typeof last === 'string' ? { last_invoked_at: last } : {}) };
}

function byName(sheet: CounterSheet): Map<string, RowChange> {
  return new Map(sheet.changes().map((change) => [rowName(change), change]));
}
