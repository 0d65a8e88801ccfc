import { Clock } from '../../shared/clock.js';
import type { AttemptsRepository } from '../accounts/attempts.repository.js';
import { LockoutsService, networkOf } from './sign-in.service.js';

const START = Date.parse('2026-11-20T10:00:00Z');
const MINUTE = 60_000;
const EMAIL = 'ada@example.com';

interface Failures {
  failures: number[];
  locked_until?: number;
}

/** The service on records in memory, at a time that the test sets. */
function lockouts() {
  const records = new Map<string, Failures>();
  const known = new Map<string, number>();
  const time = { minutes: 0 };
  const keyOf = (email: string, network?: string): string => `${email} ${network ?? '*'}`;
  const repository = {
    findFailures: async (email: string, network: string) => ({
      here: records.get(keyOf(email, network)),
      everywhere: records.get(keyOf(email)),
      known_until: known.get(network) ?? 0,
    }),
    addFailure: async (email: string, network: string | undefined, at: number) => {
      const record = { failures: [...(records.get(keyOf(email, network))?.failures ?? []), at] };
      records.set(keyOf(email, network), record);
      return record;
    },
    lock: async (email: string, network: string | undefined, locked_until: number) =>
      void records.set(keyOf(email, network), { failures: [], locked_until }),
    forgetFailures: async (email: string, network: string) => void records.delete(keyOf(email, network)),
    rememberNetwork: async (_email: string, network: string, until: number) => void known.set(network, until),
  };
  const clock = new Clock();
  clock.now = () => new Date(START + time.minutes * MINUTE);
  const service = new LockoutsService(repository as unknown as AttemptsRepository, clock);
  const fail = async (address: string, times: number) => {
    for (let count = 0; count < times; count++) await service.countFailure(EMAIL, address);
  };
  const isOpen = async (address: string) =>
    service.requireOpen(EMAIL, address).then(
      () => true,
      () => false,
    );
  return { service, fail, isOpen, time };
}

describe('failed sign-ins', () => {
  it('lock the account for their own address after five, for fifteen minutes', async () => {
    const { service, fail, isOpen, time } = lockouts();
    await fail('192.0.2.1', 4);
    expect(await isOpen('192.0.2.1')).toBe(true);
    await fail('192.0.2.1', 1);
    await expect(service.requireOpen(EMAIL, '192.0.2.1')).rejects.toMatchObject({
      code: 'RATE_LIMIT_EXCEEDED',
      retry_after_seconds: 900,
    });
    expect(await isOpen('192.0.2.2')).toBe(true);
    time.minutes = 15;
    expect(await isOpen('192.0.2.1')).toBe(true);
  });

  it('count for fifteen minutes', async () => {
    const { fail, isOpen, time } = lockouts();
    await fail('192.0.2.1', 4);
    time.minutes = 16;
    await fail('192.0.2.1', 4);
    expect(await isOpen('192.0.2.1')).toBe(true);
  });

  it('from 25 addresses lock it for all but those that it has signed in from', async () => {
    const { service, fail, isOpen } = lockouts();
    await service.succeeded(EMAIL, '198.51.100.7');
    for (let host = 1; host <= 25; host++) await fail(`192.0.2.${host}`, 1);
    expect(await isOpen('203.0.113.1')).toBe(false);
    expect(await isOpen('198.51.100.7')).toBe(true);
  });

  it('of an address are forgotten by a sign-in from it', async () => {
    const { service, fail, isOpen } = lockouts();
    await fail('192.0.2.1', 4);
    await service.succeeded(EMAIL, '192.0.2.1');
    await fail('192.0.2.1', 4);
    expect(await isOpen('192.0.2.1')).toBe(true);
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8:1:2::9', '2001:db8:1:2'],
  ['::1', '0:0:0:0'],
  ['not an address', 'not an address'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
