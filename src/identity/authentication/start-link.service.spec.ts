import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import type { AccountsRepository } from '../accounts/accounts.repository.js';
import { StartLink } from './start-link.service.js';

const ADMINISTRATOR = { user_id: 'usr_1', email: 'admin@nexus.local' };
const HERE = '::ffff:127.0.0.1';

/** The service with an administrator, at a time that the test sets. */
function startLink(overrides: Record<string, string> = {}) {
  const time = { minutes: 0 };
  const clock = new Clock();
  clock.now = () => new Date(Date.parse('2026-11-22T10:00:00Z') + time.minutes * 60_000);
  const values: Record<string, string> = {
    ENVIRONMENT: 'development',
    API_HOST: '127.0.0.1',
    NEXUS_ADMIN_EMAIL: 'admin@nexus.local',
    ...overrides,
  };
  const settings = { get: (name: string) => values[name] } as unknown as Settings;
  const accounts = {
    findUserByEmail: async (email: string) => (email === ADMINISTRATOR.email ? ADMINISTRATOR : undefined),
  };
  return { link: new StartLink(settings, accounts as unknown as AccountsRepository, clock), time };
}

describe('the sign-in link of a start', () => {
  it('signs the administrator in once', async () => {
    const { link } = startLink();
    const code = (await link.issue()) ?? '';
    expect(code).toMatch(/^nxl_[\w-]{43}$/);
    expect(await link.redeem(code, HERE)).toEqual(ADMINISTRATOR);
    await expect(link.redeem(code, HERE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is refused from another machine, which does not use it up', async () => {
    const { link } = startLink();
    const code = (await link.issue()) ?? '';
    for (const address of ['192.168.0.7', '128.0.0.1', '::ffff:10.0.0.1', '127.evil'])
      await expect(link.redeem(code, address)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await link.redeem(code, '::1')).toEqual(ADMINISTRATOR);
  });

  it('expires after 15 minutes, and a later one replaces it', async () => {
    const { link, time } = startLink();
    const first = (await link.issue()) ?? '';
    const second = (await link.issue()) ?? '';
    await expect(link.redeem(first, HERE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    time.minutes = 15;
    await expect(link.redeem(second, HERE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is not issued outside development, to other machines, or without the administrator', async () => {
    for (const settings of [
      { ENVIRONMENT: 'production' },
      { API_HOST: '0.0.0.0' },
      { NEXUS_ADMIN_EMAIL: 'gone@nexus.local' },
    ]) {
      const { link } = startLink(settings);
      expect(await link.issue()).toBeUndefined();
      await expect(link.redeem('nxl_anything', HERE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });
});
