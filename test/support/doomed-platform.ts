import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineProcess } from '../../src/platform/database/embedded/embedded-database.js';
import { type EngineProgram, findEngine, freePort } from '../../src/platform/database/embedded/engine-program.js';
import { temporalSettings, temporaryDirectory } from './database.js';
import type { Answer, HttpClient } from './http.js';
import { migrate, PlatformProcess, recountStatistics, RunWorker } from './platform-process.js';
import { TemporalServer } from './temporal-server.js';
import { TROUBLES, TroubledProxy } from './troubled-proxy.js';

/** Also while a process starts on a busy machine. */
const PATIENCE_MS = 180_000;

const ENVIRONMENT = {
  ENGINE_LEASE_SECONDS: '3',
  ENGINE_HEARTBEAT_SECONDS: '1',
  ENGINE_REAPER_SECONDS: '1',
  BUILD_SLOTS: '3',
  BUILD_STAGE_PAUSE_MS: '20',
};

/** What can be killed, and `network`: trouble between the platform and the Temporal server. */
export type Victim = 'api' | 'worker' | 'database' | 'temporal' | 'network';

/** A database server that has its data after a kill. */
class DatabaseServer {
  private constructor(
    private readonly program: EngineProgram,
    private readonly port: number,
    private engine: EngineProcess,
  ) {}

  static async start(): Promise<DatabaseServer> {
    const program = await findEngine(temporaryDirectory());
    const port = await freePort();
    return new DatabaseServer(program, port, await EngineProcess.start(program, port));
  }

  get endpoint(): string {
    return `http://${this.program.host}:${this.port}`;
  }

  async kill(): Promise<void> {
    if (this.engine.pid !== undefined) process.kill(this.engine.pid, 'SIGKILL');
    await this.engine.ended;
    this.engine = await EngineProcess.start(this.program, this.port);
  }

  stop(): Promise<void> {
    return this.engine.stop();
  }
}

/** A Temporal server of one test alone, and the network to it. Only the real server has its data after a kill. */
class Cluster {
  private constructor(
    readonly server: TemporalServer,
    private readonly network: TroubledProxy,
  ) {}

  /** @returns undefined on the embedded engine */
  static async start(): Promise<Cluster | undefined> {
    if (Object.keys(temporalSettings('')).length === 0) return undefined;
    const server = await TemporalServer.start();
    return new Cluster(server, await TroubledProxy.start(server.port));
  }

  get settings(): Record<string, string> {
    return { ...temporalSettings('faults'), TEMPORAL_ADDRESS: this.network.address };
  }

  async kill(): Promise<void> {
    await this.server.stop();
    await this.server.resume();
  }

  async trouble(random: () => number): Promise<void> {
    const trouble = TROUBLES[Math.floor(random() * TROUBLES.length)] ?? 'reset';
    await this.network.make(trouble, 1_000 + random() * 3_000);
  }

  async stop(): Promise<void> {
    await this.network.stop();
    await this.server.stop();
  }
}

/**
 * A platform whose processes are killed and started again. Either one process with its embedded database, or the API, a worker and a
 * database server apart. On Temporal only the worker drives runs then; on the embedded engine both do.
 */
export class DoomedPlatform {
  private api: PlatformProcess | undefined;
  private worker: RunWorker | undefined;
  readonly kills: Record<Victim, number> = { api: 0, worker: 0, database: 0, temporal: 0, network: 0 };

  private constructor(
    private readonly environment: Record<string, string>,
    private readonly cluster: Cluster | undefined,
    private readonly database: DatabaseServer | undefined,
  ) {}

  static async apart(): Promise<DoomedPlatform> {
    const database = await DatabaseServer.start();
    const own = { NEXUS_DATABASE: 'dynamodb', DYNAMODB_ENDPOINT: database.endpoint, NEXUS_TABLE_PREFIX: 'doomed-' };
    migrate(own);
    return DoomedPlatform.start(own, database);
  }

  static together(more: Record<string, string>): Promise<DoomedPlatform> {
    return DoomedPlatform.start(more);
  }

  private static async start(more: Record<string, string>, database?: DatabaseServer): Promise<DoomedPlatform> {
    const cluster = await Cluster.start();
    const own = { ...ENVIRONMENT, NEXUS_DATA_DIR: temporaryDirectory(), ...cluster?.settings, ...more };
    const platform = new DoomedPlatform(own, cluster, database);
    await platform.startApi();
    if (database) platform.worker = RunWorker.start(own);
    return platform;
  }

  get engine(): 'embedded' | 'temporal' {
    return this.cluster ? 'temporal' : 'embedded';
  }

  /** False when the times of its records say nothing. */
  get hasTrueClock(): boolean {
    return this.environment['CLOCK_JUMP_SECONDS'] === undefined;
  }

  get victims(): Victim[] {
    return [
      ...(['api', 'database'] as const),
      ...(this.worker ? ['worker' as const] : []),
      ...(this.cluster ? ['network' as const] : []),
      ...(this.cluster?.server.isReal ? ['temporal' as const] : []),
    ];
  }

  get http(): HttpClient {
    if (!this.api) throw new Error('the platform is down');
    return this.api.http;
  }

  /** Kills it and starts it again, or makes trouble for a few seconds. */
  async kill(victim: Victim, random: () => number): Promise<void> {
    this.kills[victim] += 1;
    switch (victim) {
      case 'api':
        return this.killApi();
      case 'worker':
        return this.killWorker();
      case 'database':
        return this.database ? this.database.kill() : this.killEmbeddedDatabase();
      case 'temporal':
        return this.cluster?.kill();
      case 'network':
        return this.cluster?.trouble(random);
    }
  }

  /** Asks until there is an answer that is not a fault of the platform or an earlier attempt that is still under way. */
  async ask<T>(request: (http: HttpClient) => Promise<Answer<T>>): Promise<Answer<T>> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.once(request);
      if (answer && answer.status < 500 && answer.status !== 409) return answer;
      if (Date.now() > deadline) throw new Error(`no answer: ${JSON.stringify(answer?.body)}`);
      await delay(200);
    }
  }

  /** @returns undefined when the platform went away */
  async once<T>(request: (http: HttpClient) => Promise<Answer<T>>): Promise<Answer<T> | undefined> {
    try {
      return await request(this.http);
    } catch {
      // The process was killed in the middle of the request, or is down.
      return undefined;
    }
  }

  /** Stops the platform in order and recounts its statistics. @returns what the recount printed */
  async end(): Promise<string> {
    this.worker?.expectAlive();
    const codes = await Promise.all([this.api?.kill('SIGTERM'), this.worker?.kill('SIGTERM')]);
    if (codes.some((code) => code !== undefined && code !== 0)) throw new Error(`it ended with ${codes.join(', ')}`);
    return recountStatistics(this.environment).output;
  }

  async abandon(): Promise<void> {
    await Promise.all([this.api?.kill('SIGKILL'), this.worker?.kill('SIGKILL')]);
    await Promise.all([this.cluster?.stop(), this.database?.stop()]);
  }

  private async startApi(): Promise<void> {
    const isWorker = this.cluster && this.database ? { TEMPORAL_WORKER: 'false' } : {};
    this.api = await PlatformProcess.start({ ...this.environment, ...isWorker });
  }

  private async killApi(): Promise<void> {
    const { api } = this;
    this.api = undefined;
    await api?.kill('SIGKILL');
    await this.startApi();
  }

  private async killWorker(): Promise<void> {
    this.worker?.expectAlive();
    await this.worker?.kill('SIGKILL');
    this.worker = RunWorker.start(this.environment);
  }

  /** The platform starts it again. */
  private async killEmbeddedDatabase(): Promise<void> {
    const pid = Number(readFileSync(join(this.environment['NEXUS_DATA_DIR'] ?? '', 'engine.pid'), 'utf8'));
    if (pid > 1) process.kill(pid, 'SIGKILL');
  }
}
