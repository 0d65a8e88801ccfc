import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadTemporalSdk } from '../../src/engine/temporal/temporal-sdk.js';
import { freePort } from '../../src/platform/database/embedded/engine-program.js';
import { temporaryDirectory } from './database.js';
import { eventually } from './http.js';

const POM = 'test/temporal/pom.xml';
const CLASSPATH_FILE = 'node_modules/.cache/nexus/temporal-test-server.classpath';
const READY_WITHIN_MS = 120_000;

/**
 * A Temporal server on loopback: the development server of Temporal's command line, if TEMPORAL_CLI names it, and else the test server of
 * Maven Central, in memory, which needs Java 17 and Maven and has no schedules.
 */
export class TemporalServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly command: readonly string[],
    readonly port: number,
    readonly isReal: boolean,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  static async start(): Promise<TemporalServer> {
    const port = await freePort();
    const cli = process.env['TEMPORAL_CLI'];
    const server = cli
      ? new TemporalServer([cli, ...developmentServer(port)], port, true)
      : new TemporalServer(['java', '-cp', classpath(), 'io.temporal.testserver.TestServer', `${port}`], port, false);
    await server.resume();
    return server;
  }

  /** Starts it again on the same port. The real one still has everything; the test server has forgotten everything. */
  async resume(): Promise<void> {
    const [program = '', ...args] = this.command;
    this.child = spawn(program, args, { stdio: 'ignore' });
    // It must not keep the process of the tests alive.
    this.child.unref();
    await eventually(() => this.answers(), Boolean, READY_WITHIN_MS);
  }

  /** Kills it at once. */
  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Ids of its schedules; none where it has none. */
  async schedules(): Promise<string[]> {
    if (!this.isReal) return [];
    const { stdout } = spawnSync(this.command[0] ?? '', ['schedule', 'list', '--address', this.address, '-o', 'json'], {
      encoding: 'utf8',
    });
    return (JSON.parse(stdout) as { scheduleId: string }[]).map(({ scheduleId }) => scheduleId);
  }

  /** For the end of the process. */
  killNow(): void {
    this.child?.kill('SIGKILL');
  }

  /** Its port is open before it can do anything. */
  private async answers(): Promise<boolean> {
    const client = (await loadTemporalSdk()).openClient({ address: this.address, namespace: 'default' });
    try {
      await client.check(5_000);
      return true;
    } catch {
      return false;
    } finally {
      await client.close();
    }
  }
}

/** Keeps its data in a file, so that it survives a kill. */
function developmentServer(port: number): string[] {
  const partitions = ['Read', 'Write'].map((kind) => `matching.numTaskqueue${kind}Partitions=1`);
  const priorities = ['matching.useNewMatcher=true', ...partitions];
  const attributes = ['NexusOrganization', 'NexusKind', 'NexusProject'];
  return [
    ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', `${port}`, '--log-level', 'never'],
    ...['--db-filename', join(temporaryDirectory(), 'temporal.sqlite')],
    // The file outlives a killed process without a flush of the disk after each write.
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=OFF'],
    ...priorities.flatMap((value) => ['--dynamic-config-value', value]),
    ...attributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

/** Where Maven has put the test server; asked once for each version. */
function classpath(): string {
  if (!existsSync(CLASSPATH_FILE) || statSync(CLASSPATH_FILE).mtimeMs < statSync(POM).mtimeMs) {
    const made = join(temporaryDirectory(), 'classpath');
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:build-classpath';
    execFileSync('mvn', ['-q', '-B', '-f', POM, goal, `-Dmdep.outputFile=${made}`, '-Dmdep.includeScope=runtime']);
    mkdirSync(dirname(CLASSPATH_FILE), { recursive: true });
    renameSync(made, CLASSPATH_FILE);
  }
  return readFileSync(CLASSPATH_FILE, 'utf8').trim();
}
