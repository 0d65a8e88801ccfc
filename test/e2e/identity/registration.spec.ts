import { jest } from '@jest/globals';
import { Passwords } from '../../../src/identity/accounts/passwords.js';
import { IDENTITY_TABLE, MAIL_TABLE } from '../../../src/identity/identity.tables.js';
import { AccountMailsRepository } from '../../../src/identity/mail/account-mails.repository.js';
import { DynamoDb } from '../../../src/platform/database/client/dynamodb.js';
import { Clock } from '../../../src/shared/clock.js';
import { startApp, type TestApp } from '../../support/app.js';
import { eventually } from '../../support/http.js';
import { cookieOf, MailServer } from '../../support/mail-server.js';

const PASSWORD = 'seven quiet harbours';
let app: TestApp;
let mail: MailServer;
/** How far the platform's clock is ahead, in milliseconds. */
let ahead = 0;
let count = 0;

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({
    ...mail.settings,
    MAIL_LINK_URL: 'https://nexus.example.com/account',
  });
  app.app.get(Clock, { strict: false }).now = () => new Date(Date.now() + ahead);
});
beforeEach(() => {
  ahead = 0;
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

interface SignedIn {
  access_token: string;
  user: { user_id: string; email: string; name: string; org_id: string; roles: string[] };
}
const person = (): string => `new-${++count}@example.com`;
const ada = (email: string) => ({ email, password: PASSWORD, name: 'Ada', organization_name: 'Engines' });
const post = (path: string, body: unknown, cookie?: string) =>
  app.http.anonymous().post(`/api/v1/auth/${path}`, body, cookie === undefined ? {} : { cookie });
const get = async (path: string, { access_token }: SignedIn) => {
  const response = await app.http.anonymous().raw('GET', path, undefined, { authorization: `Bearer ${access_token}` });
  return (await response.json()) as Record<string, unknown>;
};
/** Asks for an account. @returns the token of the n-th mail to the address, and the cookie that it works with */
const asked = async (email: string, nth = 1) => {
  const { status, headers } = await post('register', ada(email));
  expect(status).toBe(202);
  return { token: (await mail.to(email, nth)).token, cookie: cookieOf(headers) };
};
const confirm = ({ token, cookie }: { token: string; cookie?: string }) => post('register/confirm', { token }, cookie);
const taken = async () => {
  const email = person();
  expect((await mail.register(app.http, ada(email))).status).toBe(201);
  return email;
};

/** What a registration calls in the tables of identity and mail before it is answered; the outbox rests meanwhile. */
async function callsOf(email: string) {
  const db = app.app.get(DynamoDb, { strict: false });
  const mails = app.app.get(AccountMailsRepository, { strict: false });
  await eventually(
    () => mails.listDue('9999', 1),
    ({ length }) => length === 0,
  );
  const outbox = jest.spyOn(mails, 'listDue').mockResolvedValue([]);
  const passwords = app.app.get(Passwords, { strict: false });
  const [judged, hashed] = [jest.spyOn(passwords, 'requireGood'), jest.spyOn(passwords, 'hash')];
  const spies = (['get', 'put', 'update', 'delete', 'query', 'batchGet', 'transact'] as const).map((name) => ({
    name,
    spy: jest.spyOn(db, name),
  }));
  try {
    const { status, body, headers } = await post('register', ada(email));
    const database = spies.flatMap(({ name, spy }) =>
      spy.mock.calls
        .map((given) => JSON.stringify(given))
        .filter((given) => given.includes(`"${IDENTITY_TABLE}"`) || given.includes(`"${MAIL_TABLE}"`))
        .map(() => name),
    );
    const calls = { database, judged: judged.mock.calls.length, hashed: hashed.mock.calls.length };
    return { status, body, headers: [...headers.keys()].sort(), calls };
  } finally {
    for (const spy of [outbox, judged, hashed, ...spies.map((one) => one.spy)]) spy.mockRestore();
  }
}

describe('a registration', () => {
  it('answers the same after the same work for a taken and a free address', async () => {
    const known = await taken();
    const first = await callsOf(known);
    expect(first).toMatchObject({
      status: 202,
      body: { accepted: true },
      calls: { database: ['put', 'update', 'update'], judged: 1, hashed: 1 },
    });
    expect(await callsOf(person())).toEqual(first);
  });

  it('refuses a weak password for a taken and a free address alike', async () => {
    const answers = await Promise.all(
      [await taken(), person()].map((email) => post('register', { ...ada(email), password: 'password1234' })),
    );
    for (const { status, error } of answers)
      expect([status, error.code, Object.keys(error.details.fields ?? {})]).toEqual([
        400,
        'VALIDATION_ERROR',
        ['password'],
      ]);
    expect({ ...answers[0]?.error, trace_id: '' }).toEqual({ ...answers[1]?.error, trace_id: '' });
  });

  it('creates a verified account with an organization when its mail is confirmed, once', async () => {
    const email = person();
    const pending = await asked(email);
    expect((await post('login', { email, password: PASSWORD })).status).toBe(401);
    expect((await mail.to(email)).subject).toBe('Confirm your registration - Nexus');
    expect((await mail.to(email)).text).toContain(
      `https://nexus.example.com/account#action=registration&token=${pending.token}`,
    );
    const { status, body, headers } = await confirm(pending);
    const signedIn = body as unknown as SignedIn;
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(signedIn.user).toMatchObject({ email, name: 'Ada', roles: ['admin'] });
    expect(await get('/api/v1/auth/me', signedIn)).toMatchObject({
      email_verified: true,
      organizations: [{ org_id: signedIn.user.org_id, name: 'Engines', roles: ['admin'] }],
    });
    const { data } = (await get('/api/v1/audit?limit=10', signedIn)) as { data: { entries: { action: string }[] } };
    expect(data.entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['organization.created', 'auth.login']),
    );
    expect((await post('login', { email, password: PASSWORD })).status).toBe(200);
    expect((await confirm(pending)).status).toBe(401);
  });

  it('is confirmed only in the browser that registered', async () => {
    const pending = await asked(person());
    const other = await asked(person());
    expect((await confirm({ token: pending.token })).status).toBe(401);
    expect((await confirm({ ...pending, cookie: other.cookie })).status).toBe(401);
    expect((await confirm(pending)).status).toBe(201);
  });

  it('expires after 15 minutes', async () => {
    const [early, late] = [await asked(person()), await asked(person())];
    ahead = 14 * 60_000;
    expect((await confirm(early)).status).toBe(201);
    ahead = 15 * 60_000;
    expect((await confirm(late)).status).toBe(401);
  });

  it('confirmed by two requests at once creates one account', async () => {
    const email = person();
    const pending = await asked(email);
    const answers = await Promise.all([confirm(pending), confirm(pending)]);
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses[0]).toBe(201);
    expect([401, 409]).toContain(statuses[1]);
    const winner = answers.find(({ status }) => status === 201)?.body as unknown as SignedIn;
    expect(await get('/api/v1/auth/me', winner)).toMatchObject({ user_id: winner.user.user_id, email });
  });

  it('made twice creates one account: the other token is refused', async () => {
    const email = person();
    const [first, second] = [await asked(email), await asked(email, 2)];
    const answers = await Promise.all([confirm(first), confirm(second)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.error).toMatchObject({
      code: 'RESOURCE_CONFLICT',
      suggestion: 'Sign in instead.',
    });
  });

  it('for an address that has an account mails how to sign in, without a token', async () => {
    const email = await taken();
    expect((await post('register', ada(email.toUpperCase()))).status).toBe(202);
    const { subject, text, token } = await mail.to(email, 2);
    expect([subject, token]).toEqual(['You already have an account - Nexus', '']);
    expect(text).toContain('POST /api/v1/auth/password/forgot');
    expect(text).toContain('https://nexus.example.com/account');
    expect((await post('login', { email, password: PASSWORD })).status).toBe(200);
  });

  it('is limited for one address, taken or free', async () => {
    for (const email of [await taken(), person()]) {
      const statuses: number[] = [];
      for (let request = 0; request < 6; request++) statuses.push((await post('register', ada(email))).status);
      expect(statuses.at(-1)).toBe(429);
    }
  });

  it('keeps no hash of the password once it is confirmed', async () => {
    const pending = await asked(person());
    const repository = app.app.get(AccountMailsRepository, { strict: false });
    const mail_id = `mail_${pending.token.slice('nxm_'.length, 'nxm_'.length + 26)}`;
    expect((await repository.find(mail_id))?.registration).toEqual({
      name: 'Ada',
      organization_name: 'Engines',
      password_hash: expect.stringMatching(/^\$2b\$/) as unknown,
    });
    await confirm(pending);
    expect(await repository.find(mail_id)).not.toHaveProperty('registration');
  });

  it('refuses tokens of other purposes', async () => {
    const email = await taken();
    await post('password/forgot', { email });
    const { token } = await mail.to(email, 2);
    const { cookie } = await asked(person());
    expect((await confirm({ token, cookie })).status).toBe(401);
  });
});
