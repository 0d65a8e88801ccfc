import { Secret, TOTP } from 'otpauth';
import { RegistrationService } from '../../../src/identity/accounts/registration.service.js';
import { Clock } from '../../../src/shared/clock.js';
import { startApp, type TestApp } from '../../support/app.js';
import { MailServer } from '../../support/mail-server.js';
import { noteSecrets } from '../../support/suite-logs.js';

const PASSWORD = 'seven quiet harbours';
const STEP_MS = 30_000;
const WINDOW_MS = 15 * 60_000;
let app: TestApp;
let mail: MailServer;
/** How far the platform's clock is ahead. */
let ahead = 0;

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({ ...mail.settings });
  app.app.get(Clock, { strict: false }).now = () => new Date(Date.now() + ahead);
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

interface Body {
  access_token?: string;
  totp_required?: boolean;
  challenge_token?: string;
  secret?: string;
  otpauth_uri?: string;
  recovery_codes?: string[];
}
const post = async (path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const answer = await app.http.anonymous().post(`/api/v1/auth/${path}`, body, headers);
  return { ...answer, said: answer.body as unknown as Body };
};
/** The code of the platform's present step, after waiting for a new one. */
const nextCode = (secret: string): string => {
  ahead += STEP_MS;
  return codeOf(secret);
};
const codeOf = (secret: string): string =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + ahead });
/** Six digits that are no code near the present step. */
const wrongCode = (secret: string): string => {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  const right = [-1, 0, 1].map((step) => totp.generate({ timestamp: Date.now() + ahead + step * STEP_MS }));
  return ['000000', '111111', '222222', '333333'].find((code) => !right.includes(code)) ?? '';
};

let count = 0;
const register = async () => {
  const email = `second-${++count}@example.com`;
  const given = { email, password: PASSWORD, name: 'Ada', organization_name: 'O' };
  const { access_token = '' } = (await mail.register(app.http, given)).body as unknown as Body;
  const authorization = { authorization: `Bearer ${access_token}` };
  const login = () => post('login', { email, password: PASSWORD });
  return { email, authorization, login };
};
/** An account of version 1.0.0, whose address is not verified. */
const unverified = async () => {
  const email = `second-${++count}@example.com`;
  const given = { email, email_verified: false, name: 'Ada', password: PASSWORD };
  await app.app.get(RegistrationService, { strict: false }).withOrganization(given, 'O');
  const { said } = await post('login', { email, password: PASSWORD });
  const authorization = { authorization: `Bearer ${said.access_token ?? ''}` };
  return { email, authorization, login: () => post('login', { email, password: PASSWORD }) };
};
const protectedAccount = async (made = register) => {
  const user = await made();
  const { said } = await post('totp/enable', { password: PASSWORD }, user.authorization);
  const secret = said.secret ?? '';
  const confirmed = await post('totp/confirm', { code: codeOf(secret) }, user.authorization);
  expect(confirmed.status).toBe(200);
  const recovery_codes = confirmed.said.recovery_codes ?? [];
  for (const token of recovery_codes) noteSecrets({ token });
  const challenge = async () => (await user.login()).said.challenge_token ?? '';
  return { ...user, secret, recovery_codes, challenge };
};

it('is set up with the password and confirmed with a code, and sign-in then takes a code', async () => {
  const user = await register();
  expect((await post('totp/enable', {}, user.authorization)).status).toBe(400);
  expect((await post('totp/enable', { password: 'wrong' }, user.authorization)).status).toBe(401);
  const { said } = await post('totp/enable', { password: PASSWORD }, user.authorization);
  const secret = said.secret ?? '';
  expect(said.otpauth_uri).toBe(
    `otpauth://totp/Nexus:${encodeURIComponent(user.email)}?issuer=Nexus&secret=${secret}&algorithm=SHA1&digits=6&period=30`,
  );
  expect((await user.login()).said.access_token).toMatch(/^eyJ/);
  const wrong = await post('totp/confirm', { code: wrongCode(secret) }, user.authorization);
  expect([wrong.status, Object.keys(wrong.error.details.fields ?? {})]).toEqual([400, ['code']]);
  const confirmed = await post('totp/confirm', { code: codeOf(secret) }, user.authorization);
  expect(new Set(confirmed.said.recovery_codes).size).toBe(10);
  expect(confirmed.said.recovery_codes).toEqual(
    Array.from({ length: 10 }, () => expect.stringMatching(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/) as unknown),
  );
  const asked = await user.login();
  expect({ status: asked.status, body: asked.body }).toEqual({
    status: 200,
    body: { totp_required: true, challenge_token: expect.stringMatching(/^nxt_/) as unknown, expires_in: 300 },
  });
  const done = await post('totp/login', { challenge_token: asked.said.challenge_token, code: nextCode(secret) });
  expect([done.status, done.said.access_token]).toEqual([200, expect.stringMatching(/^eyJ/)]);
  expect((await post('totp/enable', { password: PASSWORD }, user.authorization)).status).toBe(400);
});

it('accepts the code of a step once, and none of an earlier step', async () => {
  const { secret, challenge } = await protectedAccount();
  const code = codeOf(secret);
  expect((await post('totp/login', { challenge_token: await challenge(), code })).status).toBe(401);
  const next = nextCode(secret);
  const challenges = [await challenge(), await challenge(), await challenge()];
  const answers = await Promise.all(
    challenges.map((challenge_token) => post('totp/login', { challenge_token, code: next })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
});

it('gives a challenge five attempts and one use', async () => {
  const { secret, challenge } = await protectedAccount();
  const challenge_token = await challenge();
  const code = nextCode(secret);
  const wrong = wrongCode(secret);
  for (let attempt = 0; attempt < 5; attempt++)
    expect((await post('totp/login', { challenge_token, code: wrong })).status).toBe(401);
  expect((await post('totp/login', { challenge_token, code })).status).toBe(401);
  const second = await challenge();
  expect((await post('totp/login', { challenge_token: second, code })).status).toBe(200);
  expect((await post('totp/login', { challenge_token: second, code: nextCode(secret) })).status).toBe(401);
});

it('bounds the codes of one account over all challenges', async () => {
  // Codes are counted in fixed windows, and each new code moves the clock: the test must not cross into the next window.
  ahead += WINDOW_MS - ((Date.now() + ahead) % WINDOW_MS);
  const { secret, challenge } = await protectedAccount();
  const wrong = wrongCode(secret);
  const statuses: number[] = [];
  for (let round = 0; round < 4; round++) {
    const challenge_token = await challenge();
    for (let attempt = 0; attempt < 5; attempt++)
      statuses.push((await post('totp/login', { challenge_token, code: wrong })).status);
  }
  const last = await post('totp/login', { challenge_token: await challenge(), code: nextCode(secret) });
  // One of the twenty was spent on confirming.
  expect(statuses.filter((status) => status === 401)).toHaveLength(19);
  expect([last.status, Number(last.headers.get('retry-after')) > 0]).toEqual([429, true]);
});

it('takes each recovery code once, in any writing, and is switched off with one', async () => {
  const { email, recovery_codes, challenge, authorization, login } = await protectedAccount();
  const [first = '', second = ''] = recovery_codes;
  const written = first.toUpperCase().replaceAll('-', ' ');
  expect((await post('totp/login', { challenge_token: await challenge(), code: written })).status).toBe(200);
  expect((await post('totp/login', { challenge_token: await challenge(), code: first })).status).toBe(401);
  expect((await post('totp/disable', { password: 'wrong', code: second }, authorization)).status).toBe(401);
  expect((await post('totp/disable', { password: PASSWORD, code: second }, authorization)).status).toBe(200);
  expect((await login()).said.access_token).toMatch(/^eyJ/);
  expect((await post('totp/disable', { password: PASSWORD, code: second }, authorization)).status).toBe(400);
  const log = await app.http.anonymous().raw('GET', '/api/v1/audit?limit=50', undefined, authorization);
  const { data } = (await log.json()) as { data: { entries: { action: string; details: object }[] } };
  const entries = data.entries.map(({ action, details }) => ({ action, details }));
  expect(entries).toContainEqual({ action: 'auth.recovery_code_used', details: { left: 9 } });
  expect(entries.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['auth.totp_enabled', 'auth.totp_disabled', 'auth.totp']),
  );
  expect(email).toMatch(/^second-/);
});

it('is asked for by a sign-in link, and a password reset of a verified account keeps it', async () => {
  const { email, secret } = await protectedAccount();
  const asked = await post('magic-link', { email });
  const cookie = (asked.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const link = await post('magic-link/verify', { token: (await mail.to(email, 2)).token }, { cookie });
  expect(link.said.totp_required).toBe(true);
  await post('password/forgot', { email });
  const password = 'nine purple lanterns';
  expect((await post('password/reset', { token: (await mail.to(email, 3)).token, password })).status).toBe(200);
  const late = await post('totp/login', { challenge_token: link.said.challenge_token, code: nextCode(secret) });
  expect(late.status).toBe(401);
  expect((await post('login', { email, password })).said.totp_required).toBe(true);
});

it('expires: a challenge after five minutes, a mailed token after fifteen', async () => {
  const { email, secret, challenge } = await protectedAccount();
  const challenge_token = await challenge();
  await post('password/forgot', { email });
  const { token } = await mail.to(email, 2);
  ahead += 301_000;
  expect((await post('totp/login', { challenge_token, code: codeOf(secret) })).status).toBe(401);
  expect((await post('totp/login', { challenge_token: await challenge(), code: codeOf(secret) })).status).toBe(200);
  ahead += 600_000;
  expect((await post('password/reset', { token, password: 'nine purple lanterns' })).status).toBe(401);
});

it('goes with a password reset of an account whose address was never verified', async () => {
  const { email } = await protectedAccount(unverified);
  await post('password/forgot', { email });
  const password = 'nine purple lanterns';
  expect((await post('password/reset', { token: (await mail.to(email)).token, password })).status).toBe(200);
  expect((await post('login', { email, password })).said.access_token).toMatch(/^eyJ/);
});
