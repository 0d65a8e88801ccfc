import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedDatabaseError, type EngineProgram } from './engine-program.js';

const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 5_000;
const ANSWER_DEADLINE_MS = 1_000;
const POLL_MS = 10;
const OUTPUT_KEPT = 2_000;

/** One run of a database program, from its start until it has ended. */
export class EngineProcess {
  private output = '';
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly program: EngineProgram,
    private readonly port: number,
  ) {
    this.ended = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', (error) => {
        this.output += error.message;
        resolve();
      });
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-OUTPUT_KEPT)));
  }

  /** Resolves as soon as the program answers on the port. @throws EmbeddedDatabaseError with its last output */
  static async start(program: EngineProgram, port: number): Promise<EngineProcess> {
    const engine = new EngineProcess(program.spawn(port), program, port);
    // Whatever ends this process in an orderly way takes the engine along.
    const killWithParent = () => void engine.child.kill();
    process.once('exit', killWithParent);
    void engine.ended.then(() => process.off('exit', killWithParent));
    if (await engine.becomesReady()) return engine;
    await engine.stop();
    throw new EmbeddedDatabaseError(
      `${program.name} did not start on port ${port}: ${engine.lastOutput || 'no output'}`,
    );
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get lastOutput(): string {
    return this.output.trim();
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  /** Asks the program to end, and makes it after five seconds. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.child.kill('SIGTERM');
    const force = setTimeout(() => this.child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.ended;
    clearTimeout(force);
  }

  private async becomesReady(): Promise<boolean> {
    for (const deadline = Date.now() + START_DEADLINE_MS; this.isRunning && Date.now() < deadline;) {
      if (await this.answers()) return true;
      await Promise.race([this.ended, delay(POLL_MS)]);
    }
    return false;
  }

  private async answers(): Promise<boolean> {
    if (this.program.ready) return this.output.includes(this.program.ready);
    const status = await fetch(`http://${this.program.host}:${this.port}/`, {
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    }).then(
      (answer) => answer.status,
      () => undefined,
    );
    return status !== undefined && this.isRunning;
  }
}
