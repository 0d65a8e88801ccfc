import { readFileSync } from 'node:fs';
import { Nexus } from '../../sdks/typescript/src/index.js';
import { CliError, EXIT, misused } from './failure.js';
import { type Profile, type Profiles } from './profiles.js';

/** The package's own file is one folder up, both here and in the bundle. */
export const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
export const DEFAULT_URL = 'http://127.0.0.1:8000';
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\]|.+\.localhost)$/;
/** Other credentials are access tokens of a sign-in. */
const isApiKey = (credential: string): boolean => credential.startsWith('nxs_');

/** The options that every command has. */
export interface Globals {
  profile?: string;
  url?: string;
  apiKey?: string;
  allowHttp?: boolean;
}

/** The platform that a command talks to, and what it presents there. */
export interface Target {
  url: string;
  /** Where the address comes from, in words. */
  urlFrom: string;
  profile: string;
  key?: string;
  keyFrom?: string;
  allowHttp: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Options win over the environment, and that wins over the profile. The key of a profile goes to the address of that profile only.
 * @throws CliError when the named profile does not exist, or the address is not valid
 */
export function targetOf(globals: Globals, env: Env, profiles: Profiles): Target {
  const named = globals.profile ?? (env['NEXUS_PROFILE'] || undefined);
  const profile = named ?? profiles.current;
  const found = profiles.find(profile);
  if (named !== undefined && !found && !globals.url && !env['NEXUS_URL'])
    throw misused(`There is no profile ${named}`, `Create it with: nexus login --profile ${named}`);
  const [url, urlFrom] =
    first([globals.url, '--url'], [env['NEXUS_URL'], 'NEXUS_URL'], [found?.url, `profile ${profile}`]) ??
    ([DEFAULT_URL, 'the default'] as const);
  const address = addressOf(url);
  const isHome = found !== undefined && addressOf(found.url) === address;
  const key = first(
    [globals.apiKey, '--api-key'],
    [env['NEXUS_API_KEY'], 'NEXUS_API_KEY'],
    [isHome ? found.api_key : undefined, `profile ${profile}`],
  );
  const allowHttp = globals.allowHttp === true || env['NEXUS_ALLOW_HTTP'] === 'true' || (isHome && allows(found));
  return { url: address, urlFrom, profile, allowHttp, ...(key ? { key: key[0], keyFrom: key[1] } : {}) };
}

const allows = ({ allow_http }: Profile): boolean => allow_http === true;

function first(...found: [string | undefined, string][]): [string, string] | undefined {
  const one = found.find(([value]) => value !== undefined && value !== '');
  return one && [one[0] ?? '', one[1]];
}

/** Without a path below the API's and a slash at the end. @throws CliError */
function addressOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.password !== '')
    throw misused(
      `${url.replace(/\/\/[^/]*@/, '//…@')} is not a valid platform URL`,
      `Use a URL such as ${DEFAULT_URL}`,
    );
  return parsed.origin + parsed.pathname.replace(/(?:\/api\/v1)?\/*$/, '');
}

/** Plain http to another machine, where a key could be read on its way. */
export function isOpenWire(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}

/** @throws CliError when a secret would go over plain http to another machine */
export function refuseOpenWire({ url, allowHttp }: Target): void {
  if (!isOpenWire(url) || allowHttp) return;
  throw new CliError(
    `Refused to send a secret over plain http to ${new URL(url).host}`,
    EXIT.denied,
    'Use the https URL. In a network that you trust: --allow-http or NEXUS_ALLOW_HTTP=true',
    [],
    'OPEN_WIRE',
  );
}

/**
 * A client for the target, with its key. Redirects are not followed: they could carry the key to another host.
 * @throws CliError without a key, or when the key would go over plain http to another machine
 */
export function connect(target: Target): Nexus {
  if (target.key === undefined)
    throw new CliError(
      `Not signed in to ${target.url}`,
      EXIT.denied,
      'Sign in: nexus login. Or set NEXUS_API_KEY',
      [],
      'NOT_SIGNED_IN',
    );
  refuseOpenWire(target);
  if (!/^[\x21-\x7e]+$/.test(target.key))
    throw misused(`The key of ${target.keyFrom} contains characters that are not valid in a key`);
  return clientOf(target.url, isApiKey(target.key) ? { apiKey: target.key } : { accessToken: target.key });
}

/** @param credential nothing for what needs no sign-in */
export function clientOf(url: string, credential: { apiKey?: string; accessToken?: string } = {}): Nexus {
  return new Nexus({
    baseUrl: url,
    ...credential,
    headers: { 'user-agent': `nexus-cli/${VERSION}` },
    fetch: (input, init) => fetch(input, { ...init, redirect: 'manual' }),
  });
}
