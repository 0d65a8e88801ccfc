import { createHmac } from 'node:crypto';
import { TRIGGER_CONFIGS, type Verification } from './trigger.js';
import { type InboundCall, verdictOn } from './webhook-verification.js';

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
