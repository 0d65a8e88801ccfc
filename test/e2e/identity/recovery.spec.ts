import { RegistrationService } from '../../../src/identity/accounts/registration.service.js';
import { startApp, type TestApp } from '../../support/app.js';
import { cookieOf, MailServer } from '../../support/mail-server.js';

let app: TestApp;
let mail: MailServer;

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({
    ...mail.settings,
    MAIL_FROM: 'Nexus <nexus@example.com>',
    MAIL_LINK_URL: 'https://nexus.example.com/account',
    MAIL_RETRY_MS: '50',
  });
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

interface SignedIn {
  access_token: string;
  refresh_token: string;
  user: { user_id: string; email: string; org_id: string };
}
const PASSWORD = 'seven quiet harbours';
let count = 0;
const post = async (path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const answer = await app.http.anonymous().post(`/api/v1/auth/${path}`, body, headers);
  return { ...answer, tokens: answer.body as unknown as SignedIn };
};
const bearer = ({ access_token }: SignedIn) => ({ authorization: `Bearer ${access_token}` });
const me = async (tokens: SignedIn) => {
  const response = await app.http.anonymous().raw('GET', '/api/v1/auth/me', undefined, bearer(tokens));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
/** An account of version 1.0.0, whose address is not verified yet, and one mail to verify it. */
const unverified = async () => {
  const email = `mailed-${++count}@example.com`;
  const given = { email, email_verified: false, name: 'Ada', password: PASSWORD };
  await app.app.get(RegistrationService, { strict: false }).withOrganization(given, 'O');
  const { status, tokens } = await post('login', { email, password: PASSWORD });
  expect(status).toBe(200);
  const user = { ...tokens, email };
  expect((await post('email/verify/resend', undefined, bearer(user))).status).toBe(202);
  return user;
};
/** Registered, with a verified address and one mail received. */
const verified = async () => {
  const email = `mailed-${++count}@example.com`;
  const given = { email, password: PASSWORD, name: 'Ada', organization_name: 'O' };
  const { status, body } = await mail.register(app.http, given);
  expect(status).toBe(201);
  return { ...(body as unknown as SignedIn), email };
};
const actions = async (user: SignedIn) => {
  const answer = await app.http.anonymous().raw('GET', '/api/v1/audit?limit=50', undefined, bearer(user));
  const { data } = (await answer.json()) as { data: { entries: { action: string }[] } };
  return data.entries.map(({ action }) => action);
};

describe('a mail that verifies an address', () => {
  it('does so once, for the account itself', async () => {
    const user = await unverified();
    const { token, subject, text } = await mail.to(user.email);
    expect(subject).toBe('Verify your email address - Nexus');
    expect(text).toContain(`https://nexus.example.com/account#action=email_verification&token=${token}`);
    expect((await me(user)).body['email_verified']).toBe(false);
    const other = await unverified();
    expect((await post('email/verify', { token }, bearer(other))).status).toBe(401);
    expect((await post('email/verify', { token })).status).toBe(401);
    expect((await post('email/verify', { token }, bearer(user))).status).toBe(200);
    expect((await me(user)).body['email_verified']).toBe(true);
    expect((await post('email/verify', { token }, bearer(user))).status).toBe(401);
    expect(await actions(user)).toContain('auth.email_verified');
  });

  it('comes again on request, and not for a verified address', async () => {
    const user = await unverified();
    await mail.to(user.email);
    expect((await post('email/verify/resend', undefined, bearer(user))).status).toBe(202);
    const { token } = await mail.to(user.email, 2);
    expect((await post('email/verify', { token }, bearer(user))).status).toBe(200);
    expect((await post('email/verify/resend', undefined, bearer(user))).status).toBe(202);
    await post('password/forgot', { email: user.email });
    expect((await mail.to(user.email, 3)).subject).toBe('Reset your password - Nexus');
  });
});

describe('a password reset', () => {
  it('answers the same for every address, and mails only to accounts', async () => {
    const { email } = await verified();
    const [known, unknown] = [
      await post('password/forgot', { email }),
      await post('password/forgot', { email: 'ghost@example.com' }),
    ];
    expect([known.status, unknown.status]).toEqual([202, 202]);
    expect(known.body).toEqual({ accepted: true });
    expect(unknown.body).toEqual(known.body);
    await mail.to(email, 2);
    expect(mail.received.filter(({ to }) => to === 'ghost@example.com')).toEqual([]);
  });

  it('ends every sign-in, works once and in any browser, and unlocks the address', async () => {
    const user = await verified();
    for (let attempt = 0; attempt < 5; attempt++) await post('login', { email: user.email, password: 'wrong' });
    await post('password/forgot', { email: user.email.toUpperCase() });
    const { token } = await mail.to(user.email, 2);
    const weak = await post('password/reset', { token, password: 'short' });
    expect([weak.status, Object.keys(weak.error.details.fields ?? {})]).toEqual([400, ['password']]);
    const both = await Promise.all(
      ['nine purple lanterns', 'eleven silver kettles'].map((password) => post('password/reset', { token, password })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
    const password = both[0]?.status === 200 ? 'nine purple lanterns' : 'eleven silver kettles';
    expect((await me(user)).status).toBe(401);
    expect((await post('refresh', { refresh_token: user.refresh_token })).status).toBe(401);
    expect((await post('login', { email: user.email, password: PASSWORD })).status).toBe(401);
    const again = await post('login', { email: user.email, password });
    expect(again.status).toBe(200);
    expect(await actions(again.tokens)).toContain('auth.password_reset');
  });

  it('refuses tokens of other purposes and made-up ones alike', async () => {
    const user = await unverified();
    const { token } = await mail.to(user.email);
    const made = `${token.slice(0, -4)}AAAA`;
    const answers = await Promise.all(
      [token, made, 'nxm_x', `nxm_${'0'.repeat(26)}${'x'.repeat(43)}`].map((one) =>
        post('password/reset', { token: one, password: 'nine purple lanterns' }),
      ),
    );
    expect(answers.map(({ status, error }) => [status, error.code, error.message])).toEqual(
      answers.map(() => [401, 'UNAUTHENTICATED', answers[0]?.error.message]),
    );
  });

  it('is limited for one address, known or not', async () => {
    const { email } = await unverified();
    for (const address of [email, 'nobody-here@example.com']) {
      const statuses: number[] = [];
      for (let request = 0; request < 6; request++)
        statuses.push((await post('password/forgot', { email: address })).status);
      expect(statuses.at(-1)).toBe(429);
    }
  });
});

describe('a sign-in link', () => {
  it('signs in once, in the browser that asked only', async () => {
    const { email } = await verified();
    const asked = await post('magic-link', { email });
    expect(asked.status).toBe(202);
    expect(asked.headers.get('set-cookie')).toMatch(/nexus_sign_in=[\w-]{43};.*HttpOnly; SameSite=Lax/);
    const { token } = await mail.to(email, 2);
    const stranger = await post('magic-link', { email: 'ghost@example.com' });
    expect((await post('magic-link/verify', { token })).status).toBe(401);
    expect((await post('magic-link/verify', { token }, { cookie: cookieOf(stranger.headers) })).status).toBe(401);
    const cookie = cookieOf(asked.headers);
    const signedIn = await post('magic-link/verify', { token }, { cookie });
    expect(signedIn.status).toBe(200);
    expect((await me(signedIn.tokens)).body['email']).toBe(email);
    expect((await post('magic-link/verify', { token }, { cookie })).status).toBe(401);
  });

  it('to an unverified address is a password reset instead, which verifies it', async () => {
    const { email } = await unverified();
    await mail.to(email);
    await post('magic-link', { email });
    const { token, subject } = await mail.to(email, 2);
    expect(subject).toBe('Reset your password - Nexus');
    expect((await post('password/reset', { token, password: 'nine purple lanterns' })).status).toBe(200);
    const { tokens } = await post('login', { email, password: 'nine purple lanterns' });
    expect((await me(tokens)).body['email_verified']).toBe(true);
  });
});

describe('a mail server', () => {
  it('that refuses for now gets the mail again, under the same Message-ID', async () => {
    const { email } = await verified();
    mail.answer = 'try later';
    const before = mail.attempts;
    await post('password/forgot', { email });
    while (mail.attempts < before + 2) await new Promise((resolve) => setTimeout(resolve, 10));
    mail.answer = 'accept';
    const { token, message_id } = await mail.to(email, 2);
    expect(message_id).toMatch(/^<mail_[0-9A-Z]{26}@example\.com>$/);
    expect((await post('password/reset', { token, password: 'nine purple lanterns' })).status).toBe(200);
  });

  it('that refuses for good gets it once', async () => {
    const { email } = await verified();
    mail.answer = 'refuse';
    const before = mail.attempts;
    await post('password/forgot', { email });
    while (mail.attempts === before) await new Promise((resolve) => setTimeout(resolve, 10));
    mail.answer = 'accept';
    await post('password/forgot', { email });
    await mail.to(email, 2);
    expect(mail.attempts).toBe(before + 2);
  });
});

it('without SMTP_URL gives the same answers and sends nothing', async () => {
  const silent = await startApp();
  try {
    for (const path of ['password/forgot', 'magic-link'])
      expect((await silent.http.anonymous().post(`/api/v1/auth/${path}`, { email: 'a@example.com' })).body).toEqual({
        accepted: true,
      });
  } finally {
    await silent.close();
  }
});
