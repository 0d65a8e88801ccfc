import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../src/platform/database/embedded/engine-program.js';
import { temporaryDirectory } from './database.js';
import { eventually } from './http.js';

const POM = 'test/temporal/pom.xml';

/** Temporal's test server of Maven Central, in memory; needs Java 17 and Maven. */
export class TemporalServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly classpath: string,
    private readonly port: number,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  static async start(): Promise<TemporalServer> {
    const file = join(temporaryDirectory(), 'classpath');
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:build-classpath';
    execFileSync('mvn', ['-q', '-B', '-f', POM, goal, `-Dmdep.outputFile=${file}`, '-Dmdep.includeScope=runtime']);
    const server = new TemporalServer(readFileSync(file, 'utf8').trim(), await freePort());
    await server.resume();
    return server;
  }

  /** Starts it again on the same port; it has forgotten everything. */
  async resume(): Promise<void> {
    const main = 'io.temporal.testserver.TestServer';
    this.child = spawn('java', ['-cp', this.classpath, main, String(this.port)], { stdio: 'ignore' });
    await eventually(() => this.answers(), Boolean);
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  }
}
