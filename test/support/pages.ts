import type { Answer, HttpClient } from './http.js';

type Body = Record<string, unknown> & { total: number; last_key: string | null };

/**
 * Follows a list's cursors from its first page to its last.
 * @param list name of the records in the answer, such as `projects`.
 * @param between is called after each page, to change the list meanwhile.
 */
export async function allPages<T>(
  http: HttpClient,
  { path, list, limit }: { path: string; list: string; limit: number },
  between: () => Promise<unknown> = async () => undefined,
): Promise<T[]> {
  const records: T[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { data }: Answer<Body> = await http.get<Body>(
      `${path}?limit=${limit}${cursor && `&last_key=${encodeURIComponent(cursor)}`}`,
    );
    const page = data[list] as T[];
    expect(data.total).toBe(page.length);
    expect(page.length).toBeLessThanOrEqual(limit);
    records.push(...page);
    cursor = data.last_key;
    if (cursor !== null) await between();
  }
  return records;
}
