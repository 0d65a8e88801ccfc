import { dueTimes, timesAfter, TRIGGER_CONFIGS, type Verification, type InboundCall, verdictOn } from './trigger.js';
import { createHmac } from 'node:crypto';

const schedule = (config: object) => TRIGGER_CONFIGS.schedule.parse(config);
const times = (config: object, after: string, count = 3): string[] =>
  timesAfter(schedule(config), new Date(after), count).map((at) => at.toISOString());

describe('schedules', () => {
  it('keep the local hour through both changes of summer time', () => {
    const daily = { cron: '0 9 * * *', timezone: 'Europe/Berlin' };
    expect(times(daily, '2026-03-27T12:00:00Z')).toEqual([
      '2026-03-28T08:00:00.000Z',
      '2026-03-29T07:00:00.000Z',
      '2026-03-30T07:00:00.000Z',
    ]);
    expect(times(daily, '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T08:00:00.000Z', '2026-10-26T08:00:00.000Z']);
  });

  it('fire once at an hour that the change skips, and once at one that it repeats', () => {
    const skipped = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
    const [first, second] = times(skipped, '2026-03-28T12:00:00Z', 2);
    expect([first?.slice(0, 10), second]).toEqual(['2026-03-29', '2026-03-30T00:30:00.000Z']);
    const repeated = times({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, '2026-10-24T12:00:00Z', 2);
    expect(repeated.map((at) => at.slice(0, 10))).toEqual(['2026-10-25', '2026-10-26']);
  });

  it('refuse what is no pattern, no time zone, or both kinds at once', () => {
    for (const config of [
      { cron: 'every day' },
      { cron: '0 9 * * *', timezone: 'Mars/Olympus' },
      { cron: '0 9 * * *', every_seconds: 60 },
      { every_seconds: 1 },
      {},
    ])
      expect(TRIGGER_CONFIGS.schedule.safeParse(config).success).toBe(false);
  });

  it.each([
    ['none', []],
    ['last', ['2026-01-01T00:50:00.000Z']],
    ['all', [0, 10, 20, 30, 40, 50].map((minute) => `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`)],
  ])('catch up %s of the times that were missed', (catch_up, fire) => {
    const due = dueTimes(
      schedule({ every_seconds: 600, catch_up }),
      '2026-01-01T00:00:00.000Z',
      new Date('2026-01-01T00:55:00Z'),
    );
    expect(due).toEqual({ fire, next: '2026-01-01T01:00:00.000Z' });
  });

  it('fire a time that has just come, whatever is caught up, and end after a year of missed ones', () => {
    const config = schedule({ every_seconds: 60, catch_up: 'none' });
    expect(dueTimes(config, '2026-01-01T00:00:00.000Z', new Date('2026-01-01T00:00:01Z'))).toEqual({
      fire: ['2026-01-01T00:00:00.000Z'],
      next: '2026-01-01T00:01:00.000Z',
    });
    const long = dueTimes(
      schedule({ every_seconds: 60, catch_up: 'all' }),
      '2025-01-01T00:00:00.000Z',
      new Date('2026-01-01T00:00:00Z'),
    );
    expect(long.fire).toHaveLength(100);
    expect(long.next).toBe('2026-01-01T00:01:00.000Z');
  });
});

const SECRET = 'a secret of tests';
const NOW = new Date('2026-05-01T12:00:00Z');
const TIME = String(NOW.getTime() / 1000);
const BODY = Buffer.from('{"id":"evt_1","event_id":"Ev1","a":1}');

const sign = (
  text: string | Buffer,
  algorithm = 'sha256',
  encoding: 'hex' | 'base64' = 'hex',
  secret = SECRET,
): string => createHmac(algorithm, secret).update(text).digest(encoding);

const verification = (config: object): Verification =>
  TRIGGER_CONFIGS.webhook.parse({ verification: config }).verification;
const call = (headers: Record<string, string>, body = BODY): InboundCall => ({ headers, body, query: {} });
const isGenuine = (config: object, given: InboundCall): boolean =>
  verdictOn(verification(config), SECRET, given, NOW).is_genuine;

const stripe = (time: string, secret = SECRET): string =>
  `t=${time},v1=${sign(`${time}.${String(BODY)}`, 'sha256', 'hex', secret)}`;
const slack = (time: string): Record<string, string> => ({
  'x-slack-request-timestamp': time,
  'x-slack-signature': `v0=${sign(`v0:${time}:${String(BODY)}`)}`,
});
const old = String(NOW.getTime() / 1000 - 301);

describe('the verification of inbound webhooks', () => {
  it.each<[string, object, Record<string, string>, Record<string, string>[]]>([
    [
      'github',
      { kind: 'github' },
      { 'x-hub-signature-256': `sha256=${sign(BODY)}` },
      [{}, { 'x-hub-signature-256': `sha256=${sign('other')}` }, { 'x-hub-signature-256': sign(BODY) }],
    ],
    [
      'stripe',
      { kind: 'stripe' },
      { 'stripe-signature': `v1=00,${stripe(TIME)}` },
      [{}, { 'stripe-signature': stripe(old) }, { 'stripe-signature': stripe(TIME, 'another secret') }],
    ],
    ['slack', { kind: 'slack' }, slack(TIME), [{}, slack(old), { ...slack(TIME), 'x-slack-request-timestamp': old }]],
    [
      'token',
      { kind: 'token' },
      { authorization: `Bearer ${SECRET}` },
      [{}, { authorization: `Bearer ${SECRET}x` }, { 'x-webhook-token': '' }],
    ],
    [
      'hmac',
      { kind: 'hmac', header: 'X-Sign', algorithm: 'sha512', encoding: 'base64', prefix: 'v1:' },
      { 'x-sign': `v1:${sign(BODY, 'sha512', 'base64')}` },
      [{}, { 'x-sign': sign(BODY, 'sha512', 'base64') }, { 'x-sign': `v1:${sign(BODY)}` }],
    ],
    [
      'hmac with a timestamp',
      { kind: 'hmac', header: 'X-Sign', timestamp_header: 'X-Time' },
      { 'x-sign': sign(`${TIME}.${String(BODY)}`), 'x-time': TIME },
      [
        { 'x-sign': sign(BODY), 'x-time': TIME },
        { 'x-sign': sign(`${old}.${String(BODY)}`), 'x-time': old },
        { 'x-sign': sign(`${TIME}.${String(BODY)}`) },
      ],
    ],
  ])('takes %s and refuses what is not signed so', (_, config, good, bad) => {
    expect(isGenuine(config, call(good))).toBe(true);
    expect(bad.map((headers) => isGenuine(config, call(headers)))).toEqual(bad.map(() => false));
    expect(isGenuine(config, call(good, Buffer.from(`${String(BODY)} `)))).toBe(config['kind' as never] === 'token');
  });

  it('recognizes a delivery by its id', () => {
    const id = (config: object, headers: Record<string, string>): unknown =>
      verdictOn(verification(config), SECRET, call(headers), NOW);
    expect(id({ kind: 'stripe' }, { 'stripe-signature': stripe(TIME) })).toMatchObject({ delivery_id: 'evt_1' });
    expect(id({ kind: 'slack' }, slack(TIME))).toMatchObject({ delivery_id: 'Ev1' });
    const github = { 'x-hub-signature-256': `sha256=${sign(BODY)}`, 'x-github-delivery': 'd-1' };
    expect(id({ kind: 'github' }, github)).toMatchObject({ delivery_id: 'd-1' });
    expect(id({ kind: 'none' }, { 'webhook-id': 'w-1' })).toMatchObject({ delivery_id: 'w-1' });
  });
});
