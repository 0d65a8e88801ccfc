import { createHmac, timingSafeEqual } from 'node:crypto';
import { ValidationError } from '../../shared/domain-error.js';
import type { Key, QueryInput } from './database-inputs.js';
import { persistedKey } from '../secrets/secret-box.js';
import type { Page } from '../../shared/page.js';
import type { DynamoDb } from './client/dynamodb.js';

const SIGNATURE_BYTES = 32;
const MALFORMED = 'is not a cursor of this list; use the last_key of the previous page';

/**
 * Turns the key at which a page ended into the opaque `last_key` and back. A cursor is signed together with the list that it
 * belongs to, so that it can neither be forged to start in another organization's records nor be carried to another list.
 */
export class CursorCodec {
  constructor(private readonly secret: string | Buffer) {}

  /** @param scope names the list and everything that narrows it, with the organization's id. */
  encode(scope: string, key: Key): string {
    const payload = Buffer.from(JSON.stringify(key));
    return Buffer.concat([this.signature(scope, payload), payload]).toString('base64url');
  }

  /** @throws ValidationError naming `last_key`, for a cursor that is malformed, forged or of another list. */
  decode(scope: string, cursor: string): Key {
    const bytes = Buffer.from(cursor, 'base64url');
    const payload = bytes.subarray(SIGNATURE_BYTES);
    const signature = bytes.subarray(0, SIGNATURE_BYTES);
    // The second spelling of a cursor (padding, other alphabet, stray characters) is refused: one key, one cursor.
    const isCanonical = bytes.length > SIGNATURE_BYTES && bytes.toString('base64url') === cursor;
    if (!isCanonical || !timingSafeEqual(signature, this.signature(scope, payload)))
      throw ValidationError.field('last_key', MALFORMED);
    return JSON.parse(payload.toString()) as Key;
  }

  private signature(scope: string, payload: Buffer): Buffer {
    return createHmac('sha256', this.secret)
      .update('nexus cursor\0')
      .update(scope)
      .update('\0')
      .update(payload)
      .digest();
  }
}

const KEY_FILE = 'cursor.key';

/** The key that signs cursors where no secret is configured: random, kept in the data directory. */
export function cursorSecret(directory: string): Buffer {
  return persistedKey(directory, KEY_FILE, 'open cursors');
}

/** The most records that one page reads: a filter with few matches returns a short page with a cursor, not a slow one. */
const EXAMINED_LIMIT = 1_000;
/** How many records a filtered page reads at a time. */
const FILTERED_READ = 200;

interface PageRequest<T> {
  query: QueryInput;
  /** Names the list, its filters and the organization: a cursor is valid in its own scope only. */
  scope: string;
  limit: number;
  /** The cursor of the previous page. */
  last_key?: string;
  /** The key attributes of the table and of the queried index, from which a query can continue after any record. */
  key_attributes: string[];
  /** Which records count. Filtering here instead of in DynamoDB costs the same reads and lets the page be filled exactly. */
  keep?: (record: T) => boolean;
}

/**
 * One page of a query through a filter. The cursor is the key of the last record that was examined, so records that are
 * inserted or deleted meanwhile neither repeat nor hide another one. At most 1,000 records are examined: beyond, the page is
 * shorter than requested (even empty), and its cursor continues from there.
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
    // Reads one more than requested, to know whether another page follows.
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
