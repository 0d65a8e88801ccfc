import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';

const PAGE = 50;

/** One page of a bounded list in memory, in the order of its names. The cursor is the last name of the page before. */
export function pageOfNamed<T extends { name: string }>(
  all: readonly T[],
  cursor: string | undefined,
): { page: T[]; nextCursor?: string } {
  const after = cursor === undefined ? -1 : all.findIndex(({ name }) => name === nameIn(cursor));
  if (cursor !== undefined && after === -1) throw unknownCursor();
  const page = all.slice(after + 1, after + 1 + PAGE);
  const last = page.at(-1);
  const hasMore = last !== undefined && after + 1 + PAGE < all.length;
  return hasMore ? { page, nextCursor: Buffer.from(last.name).toString('base64url') } : { page };
}

const nameIn = (cursor: string): string => Buffer.from(cursor, 'base64url').toString('utf8');

export const unknownCursor = (): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, 'The cursor is not valid: list again from the start.');
