import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { misused } from './failure.js';

/** A platform and the key for it. */
export interface Profile {
  url: string;
  api_key: string;
  /** Of a key that `nexus login` made: `nexus logout` revokes it. */
  key_id?: string;
  /** The key may go over plain http to a host that is not this machine. */
  allow_http?: boolean;
}

interface Config {
  /** The profile that commands use unless another is named. */
  current: string;
  profiles: Record<string, Profile>;
}

/** `$XDG_CONFIG_HOME/nexus/config.json`; below `%APPDATA%` on Windows. */
export function configPath(env: Readonly<Record<string, string | undefined>>): string {
  const home = env['HOME'] ?? homedir();
  const base = env['XDG_CONFIG_HOME'] || (process.platform === 'win32' && env['APPDATA']) || join(home, '.config');
  return join(base, 'nexus', 'config.json');
}

/** The config file: mode 0600 in a folder with mode 0700. A change replaces the file, so a reader never sees half of it. */
export class Profiles {
  constructor(readonly path: string) {}

  get current(): string {
    return this.read().current;
  }

  names(): string[] {
    return Object.keys(this.read().profiles).toSorted();
  }

  find(name: string): Profile | undefined {
    const { profiles } = this.read();
    return Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  }

  /** Stores a profile and makes it the current one. */
  save(name: string, profile: Profile): void {
    const { profiles } = this.read();
    this.write({ current: name, profiles: { ...profiles, [name]: profile } });
  }

  /** @throws CliError when there is no such profile */
  use(name: string): void {
    const config = this.read();
    if (!Object.hasOwn(config.profiles, name)) throw this.unknown(name, config);
    this.write({ ...config, current: name });
  }

  remove(name: string): void {
    const { current, profiles } = this.read();
    const left = Object.fromEntries(Object.entries(profiles).filter(([one]) => one !== name));
    this.write({ current: current === name ? (Object.keys(left)[0] ?? 'default') : current, profiles: left });
  }

  /** Whether other users of the machine may read the keys. */
  isExposed(): boolean {
    return process.platform !== 'win32' && existsSync(this.path) && (statSync(this.path).mode & 0o077) !== 0;
  }

  private unknown(name: string, { profiles }: Config): Error {
    const names = Object.keys(profiles);
    const known = names.length === 0 ? 'There are no profiles yet: nexus login' : `Profiles: ${names.join(', ')}`;
    return misused(`There is no profile ${name}`, known);
  }

  private read(): Config {
    if (!existsSync(this.path)) return { current: 'default', profiles: {} };
    let found: Partial<Config> | null;
    try {
      found = JSON.parse(readFileSync(this.path, 'utf8')) as Partial<Config> | null;
    } catch {
      throw misused(`${this.path} is not valid JSON`, 'Correct or delete the file, then sign in: nexus login');
    }
    return { current: found?.current ?? 'default', profiles: found?.profiles ?? {} };
  }

  private write(config: Config): void {
    const folder = dirname(this.path);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const next = `${this.path}.${process.pid}`;
    try {
      writeFileSync(next, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
      renameSync(next, this.path);
    } finally {
      rmSync(next, { force: true });
    }
  }
}
