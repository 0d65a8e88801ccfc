import type { Response } from 'undici';
import { OutgoingFailedError } from './outgoing.errors.js';

/** Reads a body up to a bound; an answer that announces more is not read at all. */
export async function boundedBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () => new OutgoingFailedError('too_large', `The answer is longer than ${maxBytes} bytes`);
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the body, which closes the connection.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
