/** What `retry-after-ms`, or `Retry-After` in seconds or as a date, asks for, in milliseconds. Header names are in lower case. */
export function retryAfterMsOf(headers: Record<string, string> = {}): number | undefined {
  const inMs = Number.parseFloat(headers['retry-after-ms'] ?? '');
  if (inMs >= 0) return inMs;
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const ms = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
