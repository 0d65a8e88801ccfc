import { parseSettings } from '../../src/platform/config/load-settings.js';
import { OutgoingHttp } from '../../src/platform/outgoing/outgoing-http.js';
import { AgentCoreClients, AgentCoreDeployments } from '../../src/runtimes/agentcore/agentcore-deployments.js';
import { AgentCoreRuntime } from '../../src/runtimes/agentcore/agentcore-runtime.js';
import type { AgentDefinition } from '../../src/runtimes/agent-definition.js';
import type { AgentRuntime, Deployment } from '../../src/runtimes/agent-runtime.js';
import { HttpRuntime } from '../../src/runtimes/http/http-runtime.js';
import { Clock } from '../../src/shared/clock.js';
import { AgentCoreServer } from './agentcore-server.js';
import { AgentProcess, refusedStart } from './agent-process.js';
import { eventsOf, localRuntime } from './local-runtime.fixture.js';

export interface RuntimeHarness {
  /** The definition, deployed as this runtime deploys. */
  deployed(definition: AgentDefinition): Promise<{ runtime: AgentRuntime; deployment: Deployment }>;
  /** What is said about a definition that cannot run. */
  refusalOf(definition: AgentDefinition): Promise<string>;
  close(): Promise<void>;
}

const message = (error: unknown): string =>
  error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : String(error);
const accepted = (): string => 'accepted';

export async function localHarness(): Promise<RuntimeHarness> {
  const runtime = localRuntime();
  return {
    deployed: async (definition) => ({ runtime, deployment: await runtime.deploy('a', definition) }),
    refusalOf: (definition) => runtime.deploy('a', definition).then(accepted, message),
    close: async () => undefined,
  };
}

/** One agent server for each definition, as a process of its own. */
export async function httpHarness(): Promise<RuntimeHarness> {
  const outgoing = new OutgoingHttp(parseSettings({ ENVIRONMENT: 'test', NEXUS_ALLOW_PRIVATE_ADDRESSES: 'true' }));
  const runtime = new HttpRuntime(outgoing, new Clock());
  const containers: AgentProcess[] = [];
  return {
    deployed: async (definition) => {
      const container = await AgentProcess.start(definition);
      containers.push(container);
      return { runtime, deployment: await runtime.deploy('a', definition, { endpoint_url: container.url }) };
    },
    refusalOf: async (definition) => {
      const refused = await refusedStart(definition);
      return `exit ${refused.code}: ${refused.message}`;
    },
    close: async () => {
      await Promise.all(containers.map((container) => container.end()));
      await outgoing.onApplicationShutdown();
    },
  };
}

/** The same agent server, which takes its definition from each call, behind a server of AgentCore's protocol. */
export async function agentCoreHarness(): Promise<RuntimeHarness> {
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  const aws = await AgentCoreServer.start();
  const container = await AgentProcess.start(undefined, { AGENT_SERVER_DEFINITION: 'payload' });
  aws.container = container.url;
  const settings = parseSettings({
    ENVIRONMENT: 'test',
    AGENTCORE_ENDPOINT: aws.url,
    AGENTCORE_CONTAINER_URI: 'nexus:1',
    AGENTCORE_ROLE_ARN: 'arn:aws:iam::123456789012:role/agents',
  });
  const clients = new AgentCoreClients(settings);
  const runtime = new AgentCoreRuntime(clients, new AgentCoreDeployments(clients, settings), settings, new Clock());
  const deployed: RuntimeHarness['deployed'] = async (definition) => ({
    runtime,
    deployment: await runtime.deploy('proj_1:conformance', definition),
  });
  return {
    deployed,
    refusalOf: async (definition) => {
      const { deployment } = await deployed(definition);
      return eventsOf(runtime, { definition, deployment, input: 'hello' }).then(accepted, message);
    },
    close: async () => {
      await clients.onApplicationShutdown();
      await Promise.all([container.end(), aws.close()]);
    },
  };
}
