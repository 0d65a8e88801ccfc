import { gunzipSync, gzipSync } from 'node:zlib';

/** Short texts stay readable in the table; long ones are compressed, so that 100,000 characters of any script fit an item. */
const PLAIN_LIMIT_BYTES = 20_000;

export type PackedText = string | Uint8Array;

export function pack(text: string): PackedText {
  return Buffer.byteLength(text) <= PLAIN_LIMIT_BYTES ? text : gzipSync(text);
}

export function unpack(packed: PackedText): string {
  return typeof packed === 'string' ? packed : gunzipSync(packed).toString('utf8');
}
