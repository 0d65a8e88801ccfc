import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { DatabaseUnavailableError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import type { Principal } from '../principal.js';
import { type AuditEntry, boundedFact } from './audit.js';
import { AuditLog } from './audit-log.js';
import type { AuditRepository } from './audit.repository.js';

const FACT = { org_id: 'org_1', actor: 'usr_1', action: 'api_key.created', outcome: 'success' } as const;

function logOn(create: (entry: AuditEntry) => Promise<void>) {
  return new AuditLog({ create } as unknown as AuditRepository, new Clock(), new Ids());
}

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** Fails `times` times before it stores. */
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

it('logs the whole entry when it cannot be stored', async () => {
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  const log = logOn(failing(Infinity).create);
  log.note(FACT);
  const stopped = log.onApplicationShutdown();
  await jest.advanceTimersByTimeAsync(5_001);
  await stopped;
  expect(error.mock.calls).toEqual([[expect.objectContaining({ entry: expect.objectContaining(FACT) as unknown })]]);
});

it('stores a refusal at once, and counts its repeats in one entry a minute later', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'performance'] });
  // lru-cache reads this clock, which the fake timers do not reach.
  jest.spyOn(performance, 'now').mockImplementation(() => Date.now());
  const { stored, create } = failing(0);
  const log = logOn(create);
  const ada: Principal = {
    user_id: 'usr_1',
    org_id: 'org_1',
    roles: ['viewer'],
    via: 'token',
    token_id: 'fam_1.jti_1',
  };
  const key: Principal = { ...ada, via: 'api_key', token_id: 'key_1' };
  for (const principal of [ada, ada, key, ada]) log.noteRefusal(principal, 'POST /api-keys', 'admin');
  log.noteRefusal(ada, 'GET /audit', 'admin');
  await jest.advanceTimersByTimeAsync(1_000);
  const details = { route: 'POST /api-keys', required_role: 'admin' };
  const refusal = { org_id: 'org_1', action: 'access.refused', outcome: 'refused', details };
  const first = [
    { ...refusal, actor: 'usr_1' },
    { ...refusal, actor: 'key_1' },
    { ...refusal, actor: 'usr_1', details: { route: 'GET /audit', required_role: 'admin' } },
  ];
  expect(stored).toMatchObject(first);
  expect(stored.some((entry) => 'repeats' in (entry.details ?? {}))).toBe(false);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(stored).toMatchObject([...first, { ...refusal, actor: 'usr_1', details: { ...details, repeats: 2 } }]);
});

it('stores the count of repeats when it shuts down before the minute is over', async () => {
  const { stored, create } = failing(0);
  const log = logOn(create);
  const principal: Principal = { user_id: 'usr_1', org_id: 'org_1', roles: ['viewer'], via: 'token' };
  for (let count = 0; count < 3; count++) log.noteRefusal(principal, 'GET /audit', 'admin');
  log.onModuleDestroy();
  await log.onApplicationShutdown();
  expect(stored.map(({ details }) => details?.['repeats'])).toEqual([undefined, 2]);
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
