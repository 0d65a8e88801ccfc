import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { DatabaseUnavailableError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { type AuditEntry, boundedFact } from './audit.js';
import { AuditLog } from './audit-log.js';
import type { AuditRepository } from './audit.repository.js';

const FACT = { org_id: 'org_1', actor: 'usr_1', action: 'api_key.created', outcome: 'success' } as const;

function logOn(create: (entry: AuditEntry) => Promise<void>) {
  return new AuditLog({ create } as unknown as AuditRepository, new Clock(), new Ids());
}

/** Fails so often before it stores. */
function failing(times: number) {
  const stored: AuditEntry[] = [];
  let left = times;
  return {
    stored,
    create: async (entry: AuditEntry) => {
      if (left-- > 0) throw new DatabaseUnavailableError('away');
      stored.push(entry);
    },
  };
}

it('stores an entry that an action waits for in spite of a short outage, and fails the action in a longer one', async () => {
  const short = failing(2);
  await logOn(short.create).record(FACT);
  expect(short.stored).toMatchObject([FACT]);
  await expect(logOn(failing(3).create).record(FACT)).rejects.toBeInstanceOf(DatabaseUnavailableError);
});

it('stores an entry that no action waits for when the database is back, before it shuts down', async () => {
  const { stored, create } = failing(3);
  const log = logOn(create);
  log.note(FACT);
  expect(stored).toEqual([]);
  await log.onApplicationShutdown();
  expect(stored).toMatchObject([FACT]);
});

it('logs an entry whole that cannot be stored', async () => {
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  const log = logOn(failing(Infinity).create);
  log.note(FACT);
  const stopped = log.onApplicationShutdown();
  await jest.advanceTimersByTimeAsync(5_001);
  await stopped;
  expect(error.mock.calls).toEqual([[expect.objectContaining({ entry: expect.objectContaining(FACT) as unknown })]]);
  jest.useRealTimers();
  error.mockRestore();
});

it('keeps entries of the same moment apart and in order', async () => {
  const { stored, create } = failing(0);
  const log = logOn(create);
  await Promise.all([1, 2, 3].map((step) => log.record({ ...FACT, details: { step } })));
  expect(stored.map(({ details }) => details?.['step'])).toEqual([1, 2, 3]);
  const ids = stored.map(({ entry_id }) => entry_id);
  expect([new Set(ids).size, [...ids].sort()]).toEqual([3, ids]);
});

it('bounds what a request sent', () => {
  const deep = { a: { b: { c: { d: 1 } } } };
  const text = 'x'.repeat(499) + '\u{1F600}'.repeat(10);
  const fact = boundedFact({ ...FACT, target: 't'.repeat(1_000), details: { text, deep, list: Array(100).fill(1) } });
  expect(fact.target).toHaveLength(256);
  expect(fact.details).toEqual({
    text: `${'x'.repeat(499)}\u2026`,
    deep: { a: { b: '\u2026' } },
    list: Array(20).fill(1),
  });
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`field_${index}`, 'y'.repeat(10_000)]));
  expect(boundedFact({ ...FACT, details: many }).details).toMatchObject({ truncated: true });
  expect(Buffer.byteLength(JSON.stringify(boundedFact({ ...FACT, details: many })))).toBeLessThan(6_000);
});
