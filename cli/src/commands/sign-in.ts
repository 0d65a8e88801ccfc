import { hostname } from 'node:os';
import type { Command } from 'commander';
import {
  AuthenticationError,
  createOwnApiKey,
  deleteOwnApiKey,
  getMe,
  login,
  loginWithTotp,
  logout,
  type Nexus,
  NexusError,
} from '../../../sdks/typescript/src/index.js';
import { CliError, EXIT, misused } from '../failure.js';
import type { Profile } from '../profiles.js';
import { type Act, several, type Shell } from '../shell.js';
import { clientOf, connect, DEFAULT_URL, refuseOpenWire, type Target, targetOf } from '../target.js';

type KeyRole = 'admin' | 'developer' | 'orchestration_manager' | 'viewer';

interface LoginOptions {
  apiKeyStdin?: boolean;
  email?: string;
  passwordStdin?: boolean;
  code?: string;
  roles?: string[];
  expiresDays: string;
}

/** `login`, `logout`, `whoami`, `profiles`. */
export function addSignIn(program: Command, act: Act): void {
  program
    .command('login')
    .summary('sign in to a platform')
    .description(
      'Signs in to a platform and stores the key in a profile. Prompts for missing values.\n\n' +
        'With an API key: paste it, or pipe it with --api-key-stdin. With email and password, a personal API key is created for this\n' +
        'machine.',
    )
    .option('--api-key-stdin', 'read an API key from standard input')
    .option('--email <address>', 'sign in with email and password')
    .option('--password-stdin', 'read the password from standard input')
    .option('--code <code>', 'authenticator code, or a recovery code')
    .option('--roles <roles>', 'roles of the new key, separated by commas; your own by default', several)
    .option('--expires-days <days>', 'days until the new key expires; 0 is never', '90')
    .action(act(signIn));
  program
    .command('logout')
    .description('Removes the profile. A key that login created is revoked.')
    .action(act(signOut));
  program
    .command('whoami')
    .description('Shows who the key acts for, and where.')
    .action(
      act(async (shell) => {
        const { url, profile, keyFrom } = shell.target;
        const me = await shell.nexus().call(getMe);
        const organization = me.organizations.find(({ org_id }) => org_id === me.org_id)?.name;
        shell.screen.record({ url, ...me }, [
          ['user', me.email],
          ['organization', organization === undefined ? me.org_id : `${organization} (${me.org_id})`],
          ['roles', me.roles.join(', ')],
          ['via', `${me.via} of ${keyFrom ?? `profile ${profile}`}`],
          ['platform', url],
        ]);
      }),
    );
  const profiles = program.command('profiles').description('Lists the profiles, or chooses one.');
  profiles
    .command('ls', { isDefault: true })
    .description('Lists the profiles; keys are not shown.')
    .action(
      act((shell) => {
        const { current } = shell.profiles;
        const rows = shell.profiles.names().map((name) => ({
          name,
          current: name === current,
          url: shell.profiles.find(name)?.url ?? '',
        }));
        const columns = [
          { title: '', value: (row: (typeof rows)[number]) => (row.current ? '*' : '') },
          { title: 'name', value: (row: (typeof rows)[number]) => row.name },
          { title: 'url', value: (row: (typeof rows)[number]) => row.url },
        ];
        shell.screen.list(rows, columns, 'There are no profiles. Sign in: nexus login');
      }),
    );
  profiles
    .command('use')
    .argument('<name>')
    .description('Makes a profile the current one.')
    .action(
      act((shell, name: string) => {
        shell.profiles.use(name);
        shell.screen.line(`Using profile ${name}: ${shell.profiles.find(name)?.url ?? ''}`);
      }),
    );
}

async function signIn(shell: Shell, options: LoginOptions): Promise<void> {
  if (options.apiKeyStdin && (options.email !== undefined || options.passwordStdin))
    throw misused('--api-key-stdin cannot be combined with --email or --password-stdin');
  if (options.passwordStdin && options.email === undefined) throw misused('--password-stdin needs --email');
  const target = targetOfLogin(shell);
  if (shell.globals.url === undefined && shell.world.stdin.isTTY) {
    const given = (await shell.ask(`Platform (${target.url}): `)).trim();
    if (given !== '') target.url = targetOf({ ...shell.globals, url: given }, {}, shell.profiles).url;
  }
  refuseOpenWire(target);
  const profile = {
    ...(await credentialOf(shell, target, options)),
    ...(target.allowHttp ? { allow_http: true } : {}),
  };
  const me = await connect({ ...target, key: profile.api_key, keyFrom: 'login' }).call(getMe);
  shell.profiles.save(target.profile, profile);
  shell.screen.record({ profile: target.profile, url: profile.url, ...me }, [
    ['signed in as', me.email],
    ['roles', me.roles.join(', ')],
    ['platform', profile.url],
    ['profile', `${target.profile} in ${shell.profiles.path}`],
  ]);
}

/** A profile that is named need not exist yet. */
function targetOfLogin(shell: Shell): Target {
  const { globals, profiles } = shell;
  const { env } = shell.world;
  const name = globals.profile ?? (env['NEXUS_PROFILE'] || profiles.current);
  if (!/^[\w.-]{1,64}$/.test(name)) throw misused('A profile name may contain only letters, digits and . _ -');
  const url = globals.url ?? (env['NEXUS_URL'] || (profiles.find(name)?.url ?? DEFAULT_URL));
  return targetOf({ ...globals, url, profile: name }, env, profiles);
}

async function credentialOf(shell: Shell, { url, key }: Target, options: LoginOptions): Promise<Profile> {
  if (options.apiKeyStdin) return { url, api_key: (await shell.input('The API key')).trim() };
  const isGiven = options.email === undefined && key !== undefined && shell.globals.apiKey !== undefined;
  if (isGiven) return { url, api_key: key };
  const email = options.email ?? (await shell.ask('Email (empty to paste an API key): ')).trim();
  if (email !== '') return { url, ...(await madeKey(shell, url, email, options)) };
  const api_key = (await shell.ask('API key: ', { hidden: true })).trim();
  if (api_key === '') throw misused('The API key is empty');
  return { url, api_key };
}

/** Signs in, makes a key by the public API, and ends the sign-in. */
async function madeKey(
  shell: Shell,
  url: string,
  email: string,
  options: LoginOptions,
): Promise<{ api_key: string; key_id: string }> {
  const password = options.passwordStdin
    ? (await shell.input('The password')).replace(/\r?\n$/, '')
    : await shell.ask('Password: ', { hidden: true });
  const access_token = await tokenOf(shell, clientOf(url), { email, password }, options.code);
  const nexus = clientOf(url, { accessToken: access_token });
  try {
    const { roles: own } = await nexus.call(getMe);
    const roles = (options.roles ?? own.filter((role) => role !== 'system_admin')) as KeyRole[];
    const days = Number(options.expiresDays);
    if (!Number.isInteger(days) || days < 0) throw misused('--expires-days must be a whole number of at least 0');
    const expires_at = days === 0 ? null : new Date(Date.now() + days * 86_400_000).toISOString();
    const { api_key, key_id } = await nexus.call(createOwnApiKey, {
      body: { name: `nexus CLI on ${hostname()}`.slice(0, 100), roles, expires_at },
    });
    return { api_key, key_id };
  } finally {
    await nexus.call(logout).catch(() => undefined);
  }
}

async function tokenOf(
  shell: Shell,
  nexus: Nexus,
  body: { email: string; password: string },
  given: string | undefined,
): Promise<string> {
  try {
    const answer = await nexus.call(login, { body });
    if ('access_token' in answer) return answer.access_token;
    const code = given ?? (await shell.ask('Code of the second factor: ')).trim();
    const { access_token } = await nexus.call(loginWithTotp, {
      body: { challenge_token: answer.challenge_token, code },
    });
    return access_token;
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    throw new CliError(error.message, EXIT.denied, error.suggestion, [], error.code);
  }
}

async function signOut(shell: Shell): Promise<void> {
  const name = shell.globals.profile ?? (shell.world.env['NEXUS_PROFILE'] || shell.profiles.current);
  const profile = shell.profiles.find(name);
  if (!profile) throw misused(`There is no profile ${name}`, 'nexus profiles lists them.');
  const { api_key, key_id, url, allow_http = false } = profile;
  let isRevoked = false;
  if (key_id !== undefined) {
    const target = { url, urlFrom: '', profile: name, key: api_key, allowHttp: allow_http };
    try {
      await connect(target).call(deleteOwnApiKey, { path: { key_id } });
      isRevoked = true;
    } catch (error) {
      if (!(error instanceof NexusError || error instanceof CliError)) throw error;
      shell.screen.note(`The key ${key_id} could not be revoked: ${error.message}`);
    }
  }
  shell.profiles.remove(name);
  shell.screen.record({ profile: name, removed: true, revoked: isRevoked }, [
    ['removed', `profile ${name}`],
    ['revoked', isRevoked ? key_id : undefined],
  ]);
}
