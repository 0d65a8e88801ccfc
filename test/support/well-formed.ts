const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const PREFIXES: Record<string, string> = {
  project_id: 'proj',
  session_id: 'sess',
  message_id: 'msg',
  user_message_id: 'msg',
  invocation_id: 'inv',
  request_id: 'req',
};
/** Names of times in the order in which they come in a record's life. */
const FIRST = 'created_at';
const LATER = ['started_at', 'last_active_at', 'updated_at', 'completed_at'];

/** Everything in an answer, however deep: ids carry their prefix, times are UTC, and nothing is older than its creation. */
export function expectWellFormed(value: unknown): void {
  if (Array.isArray(value)) value.forEach(expectWellFormed);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const record = value as Record<string, unknown>;
  for (const [name, held] of Object.entries(record)) {
    if (typeof held === 'string') expectWellFormedText(name, held);
    else expectWellFormed(held);
  }
  const created = record[FIRST];
  for (const later of LATER.map((name) => record[name]))
    if (typeof created === 'string' && typeof later === 'string') expect(later >= created).toBe(true);
}

function expectWellFormedText(name: string, text: string): void {
  if (name === 'timestamp' || name.endsWith('_at')) expect(text).toMatch(TIMESTAMP);
  const prefix = PREFIXES[name];
  if (prefix === undefined) return;
  const [start, ulid] = text.split('_');
  expect({ [name]: text, start }).toEqual({ [name]: text, start: prefix });
  expect(ulid).toMatch(ULID);
}
