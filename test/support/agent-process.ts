import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentDefinitionInput } from '../../src/runtimes/agent-definition.js';
import { freePort } from '../../src/platform/database/embedded/engine-program.js';
import { temporaryDirectory } from './database.js';

/** The agent server as a process of its own, from `dist/`, so that it can be killed. */
export class AgentProcess {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  /** @throws Error with what it said when it ends instead of serving. */
  static async start(
    definition: AgentDefinitionInput | undefined,
    environment: Record<string, string> = {},
  ): Promise<AgentProcess> {
    const port = environment['AGENT_SERVER_PORT'] ?? String(await freePort());
    const { child, said } = agentServer(definition === undefined ? [] : [fileOf(definition)], {
      ...environment,
      AGENT_SERVER_PORT: port,
    });
    const serving = new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`the agent server ended with ${code}: ${said()}`)));
    });
    await serving;
    return new AgentProcess(`http://127.0.0.1:${port}`, child);
  }

  invoke(body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return fetch(`${this.url}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  }

  async ping(): Promise<{ status: string; time_of_last_update: number }> {
    return (await (await fetch(`${this.url}/ping`)).json()) as { status: string; time_of_last_update: number };
  }

  /** @returns its exit code, null after a kill. */
  async end(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const exit = once(this.child, 'exit') as Promise<[number | null]>;
    this.child.kill(signal);
    return (await exit)[0];
  }
}

/** Starts it to see it fail. */
export async function refusedStart(definition: unknown): Promise<{ code: number | null; message: string }> {
  const { child, said } = agentServer(definition === undefined ? [] : [fileOf(definition)], { AGENT_SERVER_PORT: '0' });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, message: said() };
}

function agentServer(args: string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, ['dist/agent-server/main.js', ...args], {
    env: { PATH: process.env['PATH'] ?? '', ENVIRONMENT: 'test', LOG_LEVEL: 'silent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  return { child, said: () => Buffer.concat(errors).toString('utf8') };
}

function fileOf(definition: unknown): string {
  const path = join(temporaryDirectory(), 'agent.json');
  writeFileSync(path, typeof definition === 'string' ? definition : JSON.stringify(definition));
  return path;
}
