import { type DynamicModule, Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { ConfigModule } from '../platform/config.module.js';
import type { Settings } from '../platform/config/settings.js';
import { TelemetryModule, OutgoingModule } from '../platform/platform.module.js';
import { LocalRuntime } from '../runtimes/local/local-runtime.js';
import { InputCheck, ToolWorkers } from '../tools/tool-workers.js';
import { Sandbox } from '../tools/sandbox/sandbox.js';
import { ToolResolver } from '../tools/tool-resolver.js';
import { NestFactory } from '@nestjs/core';
import { loadSettings, SettingsError } from '../platform/config/load-settings.js';
import type { AgentDefinition } from '../runtimes/agent-definition.js';
import { commandLine } from '../shared/command-line.js';
import { ValidationError } from '../shared/domain-error.js';
import { AgentServer } from './agent-server.js';
import { AgentServerError, readDefinition, Turns } from './turns.js';

/** What one agent needs to run: models and tools, no database and no HTTP framework. */
@Module({})
export class AgentServerModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: AgentServerModule,
      imports: [ConfigModule.forRoot(settings), TelemetryModule, OutgoingModule, ModelsModule],
      providers: [
        LocalRuntime,
        InputCheck,
        Sandbox,
        ToolWorkers,
        {
          provide: ToolResolver,
          inject: [Sandbox, ToolWorkers],
          useFactory: (sandbox: Sandbox, workers: ToolWorkers) => ToolResolver.standalone(sandbox, workers),
        },
      ],
    };
  }
}

/** Kubernetes kills 30 s after it has asked. */
const STOP_GRACE_MS = 25_000;

/** `npm run agent-server -- agent.json`: serves one exported agent over the AgentCore HTTP contract. */
async function start(path: string | undefined): Promise<void> {
  const settings = loadSettings({}, 'agent-server');
  const definition = await definitionOf(path, settings);
  const context = await NestFactory.createApplicationContext(AgentServerModule.forRoot(settings), {
    logger: ['error'],
    abortOnError: false,
  });
  const runtime = context.get(LocalRuntime);
  if (definition) await runtime.deploy(definition.agent_name, definition);
  const server = new AgentServer(new Turns(runtime, definition), {
    host: settings.get('AGENT_SERVER_HOST'),
    port: settings.get('AGENT_SERVER_PORT'),
    max_body_bytes: settings.get('AGENT_SERVER_MAX_BODY_MB') * 1024 * 1024,
    with_definition: definition === undefined,
  });
  const url = await server.listen();
  process.stdout.write(`Serving ${definition?.agent_name ?? 'the agent in each request'} on ${url}\n`);
  const stop = async (): Promise<void> => {
    await server.stop(STOP_GRACE_MS);
    await context.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
}

async function definitionOf(path: string | undefined, settings: Settings): Promise<AgentDefinition | undefined> {
  const isBrought = settings.get('AGENT_SERVER_DEFINITION') === 'payload';
  if (isBrought && path !== undefined)
    throw new AgentServerError('AGENT_SERVER_DEFINITION=payload takes no file: each request carries its definition');
  if (isBrought) return undefined;
  if (path === undefined) throw new AgentServerError('Name the agent to serve: npm run agent-server -- agent.json');
  return readDefinition(path);
}

function messageOf(error: unknown): string {
  if (error instanceof SettingsError || error instanceof AgentServerError) return error.message;
  if (error instanceof ValidationError) {
    const fields = Object.entries((error.details['fields'] ?? {}) as Record<string, string[]>);
    const problems = fields.flatMap(([field, reasons]) => reasons.map((reason) => `${field}: ${reason}`));
    return new AgentServerError(`${error.message}:`, problems).message;
  }
  return `The agent server could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

const USAGE = `Usage: npm run agent-server -- agent.json

Serves one exported agent over the AgentCore HTTP contract. With AGENT_SERVER_DEFINITION=payload it takes no file: each call
brings its definition.`;

start(commandLine(USAGE, [], 1).words[0]).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
});
