import type { Page } from '../../../shared/page.js';
import type { CursorCodec } from './cursor-codec.js';
import type { Key, QueryInput } from '../client/database-inputs.js';
import type { DynamoDb } from '../client/dynamodb.js';

/** The most records that one page looks at: a filter that matches little answers a short page with a cursor, not a slow one. */
const EXAMINED_LIMIT = 1_000;
/** How many records a filtered page reads at a time. */
const FILTERED_READ = 200;

export interface PageRequest<T> {
  query: QueryInput;
  /** Names the list, its filters and the organisation: a cursor is valid in its own scope only. */
  scope: string;
  limit: number;
  /** The cursor of the page before. */
  last_key?: string;
  /** The key attributes of the table and of the index that is queried: from them a query can go on after any record. */
  key_attributes: string[];
  /** Which records count. Filtering here instead of in DynamoDB costs the same reads and lets the page be filled exactly. */
  keep?: (record: T) => boolean;
}

/**
 * One page of a query through a filter. The cursor is the key of the last record that was examined, so records that are
 * inserted or deleted meanwhile neither repeat nor hide another one. At most 1,000 records are examined: beyond, the page is
 * shorter than asked for (even empty) and its cursor goes on from there.
 *
 * @throws ValidationError for a cursor of another list, DatabaseError
 */
export async function pageOf<T extends object>(
  db: DynamoDb,
  codec: CursorCodec,
  request: PageRequest<T>,
): Promise<Page<T>> {
  const { query, scope, limit, key_attributes, keep = () => true } = request;
  const items: T[] = [];
  let start = request.last_key === undefined ? undefined : codec.decode(scope, request.last_key);
  let examined = 0;
  let last: Key | undefined;
  const page = (): Page<T> => ({ items, last_key: last ? codec.encode(scope, last) : null });
  do {
    // One more than is wanted tells whether another page follows, so that the last page says so.
    const wanted = request.keep ? FILTERED_READ : limit + 1 - items.length;
    const answer = await db.query<T>({
      ...query,
      Limit: Math.min(wanted, EXAMINED_LIMIT - examined),
      ...(start ? { ExclusiveStartKey: start } : {}),
    });
    for (const record of answer.items) {
      const isKept = keep(record);
      if (isKept && items.length === limit) return page();
      if (isKept) items.push(record);
      last = keyOf(record, key_attributes);
      examined += 1;
    }
    start = answer.last_evaluated_key;
  } while (start && examined < EXAMINED_LIMIT);
  return start ? page() : { items, last_key: null };
}

function keyOf(record: object, attributes: string[]): Key {
  return Object.fromEntries(attributes.map((attribute) => [attribute, (record as Key)[attribute] ?? '']));
}
