import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { load } from 'js-yaml';
import type { DataOf, ItemOf, Nexus, NexusOptions } from '../../sdks/typescript/src/index.js';
import { misused } from './failure.js';
import { configPath, Profiles } from './profiles.js';
import { type Format, Screen } from './screen.js';
import { connect, type Globals, type Target, targetOf } from './target.js';

export type Env = Readonly<Record<string, string | undefined>>;
type Json = Record<string, unknown>;

/** What a process is given. */
export interface World {
  env: Env;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

export interface GlobalOptions extends Globals {
  output?: Format;
  json?: boolean;
}

/** Wraps what a command does: gives it a shell, and its arguments and options. */
export type Act = <A extends unknown[]>(run: (shell: Shell, ...given: A) => Promise<void> | void) => Action;
type Action = (...given: unknown[]) => Promise<void>;

/** What one command works with: the options that all commands share, the screen, the profiles, and the platform. */
export class Shell {
  readonly screen: Screen;
  readonly profiles: Profiles;
  /** Runs on Ctrl-C. The process then ends, unless the answer is `true`: the command goes on. */
  interrupted: (() => boolean | Promise<boolean>) | undefined;

  constructor(
    readonly world: World,
    readonly command: Command,
    readonly globals: GlobalOptions,
  ) {
    const format = globals.json === true ? 'json' : (globals.output ?? 'table');
    this.screen = new Screen(format, world.stdout, world.stderr, world.env);
    this.profiles = new Profiles(configPath(world.env));
  }

  get target(): Target {
    return targetOf(this.globals, this.world.env, this.profiles);
  }

  /** @throws CliError without a key */
  nexus(): Nexus {
    if (this.profiles.isExposed())
      this.screen.note(`Other users can read ${this.profiles.path}. Restrict it: chmod 600 ${this.profiles.path}`);
    return connect(this.target);
  }

  /** All of standard input. @throws CliError when it is a terminal */
  async input(what: string): Promise<string> {
    const { stdin } = this.world;
    if (stdin.isTTY) throw misused(`${what} is expected on standard input`, 'Pipe it in, or give it as an argument.');
    let text = '';
    for await (const chunk of stdin.setEncoding('utf8')) text += String(chunk);
    return text;
  }

  /** An argument, or standard input for `-`. @throws CliError when it is empty */
  async text(given: string, what: string): Promise<string> {
    const text = given === '-' ? (await this.input(what)).trim() : given;
    if (text === '') throw misused(`${what} is empty`);
    return text;
  }

  /** A file's content, or standard input for `-`. @throws CliError */
  async file(path: string): Promise<string> {
    if (path === '-') return this.input('The file');
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw misused(`${path} cannot be read: ${(error as Error).message}`);
    }
  }

  /** What a file or standard input holds as JSON or YAML. @throws CliError with the place of a fault */
  async document(path: string): Promise<unknown> {
    const text = await this.file(path);
    try {
      return load(text);
    } catch (error) {
      throw misused(`${path} is neither JSON nor YAML`, '', (error as Error).message.split('\n').slice(0, 6));
    }
  }

  /** JSON or YAML that is an object: as it stands, from a file as `@path`, from standard input as `-`. @throws CliError */
  async object(given: string, what: string): Promise<Json> {
    const text = given === '-' || given.startsWith('@') ? await this.file(given.replace(/^@/, '')) : given;
    let value: unknown;
    try {
      value = load(text);
    } catch (error) {
      throw misused(`${what} is neither JSON nor YAML: ${(error as Error).message.split('\n', 1)[0] ?? ''}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw misused(`${what} must be an object`);
    return value as Json;
  }

  /** A line from the terminal. `hidden` shows nothing of it. @throws CliError when there is no terminal */
  async ask(question: string, { hidden = false } = {}): Promise<string> {
    const { stdin, stderr } = this.world;
    if (!stdin.isTTY)
      throw misused(`${question.replace(/[:?]\s*$/, '')} is required, but there is no terminal to prompt on`);
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: stdin, output: hidden ? silent : stderr, terminal: true });
    try {
      return await new Promise<string>((resolve, reject) => {
        lines.once('SIGINT', () => reject(new Interrupted()));
        lines.once('close', () => reject(new Interrupted()));
        if (hidden) stderr.write(question);
        lines.question(hidden ? '' : question, resolve);
      });
    } finally {
      lines.close();
      if (hidden) stderr.write('\n');
    }
  }
}

/** Ctrl-C or Ctrl-D at a prompt. */
export class Interrupted extends Error {}

/** As many of a list as `--limit` and `--all` say. */
export async function taken<T>(items: AsyncIterable<T>, { limit, all }: ListOptions): Promise<T[]> {
  const most = all ? Infinity : limit;
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
    if (found.length >= most) break;
  }
  return found;
}

export interface ListOptions {
  limit: number;
  all?: boolean;
}

/** `--limit` and `--all`, for commands that list. */
export const listed = (command: Command): Command =>
  command
    .option('--limit <number>', 'maximum number of results', (text) => wholeNumber(text, '--limit'), 50)
    .option('--all', 'all results');

/** @throws CliError */
export function wholeNumber(text: string, name: string): number {
  if (!/^\d{1,9}$/.test(text) || text === '0') throw misused(`${name} must be a whole number of at least 1`);
  return Number(text);
}

/** @throws CliError */
export function number(text: string, name: string): number {
  if (text.trim() === '' || !Number.isFinite(Number(text))) throw misused(`${name} must be a number`);
  return Number(text);
}

/** A page as large as needed, at most as large as the API allows. */
export const pageOf = ({ limit, all }: ListOptions): { limit: number } => ({ limit: all ? 100 : Math.min(limit, 100) });

/** Values of an option that may be repeated or separated by commas. */
export const several = (text: string, before: string[] = []): string[] => [
  ...before,
  ...text.split(',').filter((one) => one !== ''),
];

export type { DataOf, ItemOf, NexusOptions };
