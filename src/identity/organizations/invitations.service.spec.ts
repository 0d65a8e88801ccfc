import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import type { Invitation, Membership } from '../accounts/account.js';
import type { Principal, Role } from '../principal.js';
import { secretHash } from '../../platform/secrets/secret-box.js';
import { InvitationsService } from './invitations.service.js';

const NOW = new Date('2026-11-20T10:00:00Z');
const ADMIN: Principal = { user_id: 'usr_admin', org_id: 'org_a', roles: ['admin'], via: 'token' };
const EMAIL = 'grace@example.com';
const ACCEPTANCE = { password: 'seven quiet harbours', name: 'Grace', address: '192.0.2.1' };

interface Given {
  mail?: boolean;
  counted?: number;
  inviter?: { roles: Role[]; created_at?: string } | undefined;
  operator?: boolean;
}

/** The service on an organization in memory; `stored` is what it wrote, in order. */
function invitationsOf(given: Given = {}) {
  const { mail = true, counted = 1, operator = false } = given;
  const inviter = 'inviter' in given ? given.inviter : { roles: ['admin' as Role] };
  const stored: Invitation[] = [];
  const steps: string[] = [];
  const created: { email: string; email_verified: boolean }[] = [];
  const clock = new Clock();
  clock.now = () => NOW;
  const find = async () => stored[0];
  const mailed = async (token: string) =>
    token === 'mailed' ? { org_id: 'org_a', invitation_id: stored[0]?.invitation_id ?? '' } : undefined;
  const parts = [
    {
      create: async (invitation: Invitation, alongside: unknown[]) => {
        stored.push(invitation);
        steps.push(`stored with ${alongside.length}`);
      },
      find,
      findBySecret: async (hash: string) => stored.find(({ token_hash }) => token_hash === hash),
    },
    {
      findOrganization: async () => ({ org_id: 'org_a', name: 'Engines' }),
      findUserByEmail: async () => undefined,
      findMembership: async (org_id: string): Promise<Partial<Membership> | undefined> => {
        if (org_id === 'default') return operator ? { roles: ['system_admin'] } : undefined;
        return inviter && { created_at: '2026-01-01T00:00:00.000Z', ...inviter };
      },
    },
    {},
    {
      asMember: async (given: { email: string; email_verified: boolean }) => {
        created.push(given);
        return { user: given, membership: {} };
      },
    },
    { requireGood: async () => undefined },
    {
      isOn: mail,
      invitation: () => ({ mail_id: 'mail_1', creation: {} }),
      sendSoon: () => void steps.push('send'),
      findInvitation: mailed,
    },
    { countInWindow: async () => ({ count: counted, seconds_left: 60 }) },
    { record: async () => void steps.push('audit') },
    new Ids(),
    clock,
  ] as unknown as ConstructorParameters<typeof InvitationsService>;
  return { service: new InvitationsService(...parts), stored, steps, created };
}

describe('an invitation', () => {
  it('is stored with its mail before that is sent, and returns no token', async () => {
    const { service, stored, steps } = invitationsOf();
    const answer = await service.invite(ADMIN, 'Grace@Example.com', ['viewer']);
    expect(answer).toEqual({ invitation: stored[0], mail_status: 'pending' });
    expect(stored).toMatchObject([{ email: EMAIL, mail_id: 'mail_1', invited_by: 'usr_admin' }]);
    expect(stored[0]).not.toHaveProperty('token_hash');
    expect(steps).toEqual(['stored with 1', 'send', 'audit']);
  });

  it('of a platform without mail returns its token and stores only its hash', async () => {
    const { service, stored, steps } = invitationsOf({ mail: false });
    const { token = '', mail_status } = await service.invite(ADMIN, EMAIL, ['viewer']);
    expect([stored[0]?.token_hash, mail_status]).toEqual([secretHash(token), null]);
    expect(steps).toEqual(['stored with 0', 'audit']);
  });

  it.each<[string, string, Role[], Given, string]>([
    ['a role that the inviter does not have', EMAIL, ['system_admin'], {}, 'PERMISSION_DENIED'],
    ['an address that is not ASCII', '\u212Aate@example.com', ['viewer'], {}, 'VALIDATION_ERROR'],
    ['too many mails', EMAIL, ['viewer'], { counted: 201 }, 'RATE_LIMIT_EXCEEDED'],
  ])('with %s is refused and not stored', async (_, email, roles, given, code) => {
    const { service, stored } = invitationsOf(given);
    await expect(service.invite(ADMIN, email, roles)).rejects.toMatchObject({ code });
    expect(stored).toEqual([]);
  });
});

describe('accepting', () => {
  it('proves the address only when the token was mailed', async () => {
    const mailed = invitationsOf();
    await mailed.service.invite(ADMIN, EMAIL, ['viewer']);
    await mailed.service.accept('mailed', ACCEPTANCE);
    expect(mailed.created).toMatchObject([{ email: EMAIL, email_verified: true }]);
    const handed = invitationsOf({ mail: false });
    const { token = '' } = await handed.service.invite(ADMIN, EMAIL, ['viewer']);
    await handed.service.accept(token, ACCEPTANCE);
    expect(handed.created).toMatchObject([{ email: EMAIL, email_verified: false }]);
  });

  it.each<[string, Given, number]>([
    ['its inviter left', { inviter: undefined }, 404],
    ['its inviter lost the role', { inviter: { roles: ['developer'] } }, 404],
    [
      'its inviter left and joined again',
      { inviter: { roles: ['admin'], created_at: '2026-11-21T00:00:00.000Z' } },
      404,
    ],
    ['an operator made it who is no member', { inviter: undefined, operator: true }, 200],
    ['its inviter still may give the role', {}, 200],
  ])('when %s', async (_, given, status) => {
    const { service, created } = invitationsOf(given);
    await service.invite(ADMIN, EMAIL, ['admin']);
    const answer = service.accept('mailed', ACCEPTANCE);
    if (status === 404) await expect(answer).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    else await answer;
    expect(created).toHaveLength(status === 404 ? 0 : 1);
  });

  it('ends after seven days', async () => {
    const { service, stored } = invitationsOf();
    await service.invite(ADMIN, EMAIL, ['viewer']);
    const [invitation] = stored;
    if (invitation) invitation.expires_at = NOW.getTime() / 1000;
    await expect(service.accept('mailed', ACCEPTANCE)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });
});
