import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError, EXIT } from './failure.js';
import { configPath, Profiles } from './profiles.js';
import { connect, targetOf } from './target.js';

const KEY = 'nxs_0123456789abcdef';
let home: string;
let path: string;
let profiles: Profiles;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nexus-cli-'));
  path = configPath({ XDG_CONFIG_HOME: home });
  profiles = new Profiles(path);
});
afterEach(() => rmSync(home, { recursive: true }));

const modeOf = (name: string): number => statSync(name).mode & 0o777;
const refusal = (run: () => unknown): CliError => {
  try {
    run();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};

describe('the config file', () => {
  it('is in the XDG folder, else in .config of the home', () => {
    expect(path).toBe(join(home, 'nexus', 'config.json'));
    expect(configPath({ HOME: '/home/ada' })).toBe('/home/ada/.config/nexus/config.json');
  });

  it('can be read by its owner only, also where file and folder were open before', () => {
    mkdirSync(join(home, 'nexus'), { mode: 0o755 });
    writeFileSync(path, '{}');
    chmodSync(path, 0o644);
    expect(profiles.isExposed()).toBe(true);
    profiles.save('default', { url: 'https://nexus.example', api_key: KEY });
    expect([modeOf(path), modeOf(join(home, 'nexus'))]).toEqual([0o600, 0o700]);
    expect(profiles.isExposed()).toBe(false);
    expect(readdirSync(join(home, 'nexus'))).toEqual(['config.json']);
  });

  it('holds several profiles, of which the last saved or chosen is current', () => {
    profiles.save('home', { url: 'http://127.0.0.1:8000', api_key: KEY });
    profiles.save('work', { url: 'https://nexus.example', api_key: KEY });
    expect([profiles.current, profiles.names()]).toEqual(['work', ['home', 'work']]);
    profiles.use('home');
    expect(profiles.current).toBe('home');
    expect(refusal(() => profiles.use('wrok'))).toMatchObject({
      message: 'There is no profile wrok',
      suggestion: 'Profiles: home, work',
      exitCode: EXIT.usage,
    });
    profiles.remove('home');
    expect([profiles.current, profiles.names(), profiles.find('home')]).toEqual(['work', ['work'], undefined]);
    expect(profiles.find('toString')).toBeUndefined();
  });

  it('that is not JSON is named, and not overwritten', () => {
    mkdirSync(join(home, 'nexus'));
    writeFileSync(path, '{"profiles":');
    expect(refusal(() => profiles.save('a', { url: 'http://127.0.0.1', api_key: KEY })).message).toBe(
      `${path} is not valid JSON`,
    );
  });
});

describe('the platform that a command talks to', () => {
  it('is that of the option, the environment, the profile, or this machine, in this order', () => {
    const from = (globals: object, env: Record<string, string> = {}) => targetOf(globals, env, profiles);
    expect(from({})).toMatchObject({ url: 'http://127.0.0.1:8000', urlFrom: 'the default', profile: 'default' });
    profiles.save('work', { url: 'https://nexus.example/', api_key: KEY });
    const env = { NEXUS_URL: 'https://other.example/api/v1/', NEXUS_API_KEY: 'nxs_environment' };
    expect(from({})).toMatchObject({ url: 'https://nexus.example', key: KEY, keyFrom: 'profile work' });
    expect(from({}, env)).toMatchObject({ url: 'https://other.example', key: 'nxs_environment', urlFrom: 'NEXUS_URL' });
    expect(from({ url: 'http://localhost:1', apiKey: 'nxs_option' }, env)).toMatchObject({
      ...{ url: 'http://localhost:1', key: 'nxs_option', keyFrom: '--api-key' },
    });
    expect(refusal(() => from({ profile: 'wrok' })).suggestion).toBe('Create it with: nexus login --profile wrok');
  });

  it('gets the key of a profile only if it is the platform of that profile', () => {
    profiles.save('work', { url: 'https://nexus.example', api_key: KEY });
    expect(targetOf({ url: 'https://nexus.example/' }, {}, profiles).key).toBe(KEY);
    expect(targetOf({ url: 'https://nexus.example.evil' }, {}, profiles).key).toBeUndefined();
    expect(targetOf({ url: 'http://nexus.example' }, {}, profiles).key).toBeUndefined();
  });

  it.each(['nexus.example', 'ftp://nexus.example', 'http://user:secret@nexus.example'])('is not %s', (url) => {
    const { message, exitCode } = refusal(() => targetOf({ url }, {}, profiles));
    expect([exitCode, message.includes('secret')]).toEqual([EXIT.usage, false]);
  });

  it('gets no key over plain http, unless it is this machine or that is allowed', () => {
    const connected = (url: string, more: object = {}) =>
      connect(targetOf({ url, apiKey: KEY, ...more }, {}, profiles));
    for (const url of ['http://127.0.0.1:8000', 'http://localhost:1', 'http://[::1]:8000', 'https://nexus.example'])
      expect(connected(url)).toBeDefined();
    for (const url of ['http://nexus.example', 'http://127.0.0.1.evil.example', 'http://10.0.0.7:8000'])
      expect(refusal(() => connected(url))).toMatchObject({ code: 'OPEN_WIRE', exitCode: EXIT.denied });
    expect(connected('http://10.0.0.7:8000', { allowHttp: true })).toBeDefined();
  });
});
