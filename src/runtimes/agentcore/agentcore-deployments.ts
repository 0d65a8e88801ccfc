import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import type { BedrockAgentCoreControlClient } from '@aws-sdk/client-bedrock-agentcore-control';
import { createHash, randomUUID } from 'node:crypto';
import { Settings } from '../../platform/config/settings.js';
import { setTimeout as delay } from 'node:timers/promises';
import { ValidationError } from '../../shared/domain-error.js';
import { AgentRunError } from '../agent-runtime.js';

type DataPlane = typeof import('@aws-sdk/client-bedrock-agentcore');
type ControlPlane = typeof import('@aws-sdk/client-bedrock-agentcore-control');

/** The two AWS clients, loaded and made when they are first needed. */
@Injectable()
export class AgentCoreClients implements OnApplicationShutdown {
  private dataPlane: Promise<{ sdk: DataPlane; client: BedrockAgentCoreClient }> | undefined;
  private controlPlane: Promise<{ sdk: ControlPlane; client: BedrockAgentCoreControlClient }> | undefined;

  constructor(private readonly settings: Settings) {}

  /** Invokes. It never repeats a call: a turn that failed may have had effects. */
  data(): Promise<{ sdk: DataPlane; client: BedrockAgentCoreClient }> {
    return (this.dataPlane ??= import('@aws-sdk/client-bedrock-agentcore').then((sdk) => ({
      sdk,
      client: new sdk.BedrockAgentCoreClient({ ...this.config(), maxAttempts: 1 }),
    })));
  }

  /** Creates, updates and deletes; every call may be repeated. */
  control(): Promise<{ sdk: ControlPlane; client: BedrockAgentCoreControlClient }> {
    return (this.controlPlane ??= import('@aws-sdk/client-bedrock-agentcore-control').then((sdk) => ({
      sdk,
      client: new sdk.BedrockAgentCoreControlClient(this.config()),
    })));
  }

  async onApplicationShutdown(): Promise<void> {
    (await this.dataPlane)?.client.destroy();
    (await this.controlPlane)?.client.destroy();
  }

  private config(): { region: string; endpoint?: string } {
    const endpoint = this.settings.get('AGENTCORE_ENDPOINT');
    return { region: this.settings.get('AWS_REGION'), ...(endpoint ? { endpoint } : {}) };
  }
}

/** The endpoint of a runtime that the platform calls; AgentCore's own `DEFAULT` would move before a version is ready. */
export const ENDPOINT_NAME = 'nexus';

const NAME_LENGTH = 48;

/** The same for every deployment of an agent, so that a repeated one finds the first. AgentCore allows letters, digits and _. */
function runtimeNameOf(agent_id: string, prefix: string): string {
  const digest = createHash('sha256').update(`${prefix}/${agent_id}`).digest('hex').slice(0, 20);
  const readable = (agent_id.split(':').at(-1) ?? '').replace(/[^A-Za-z0-9]/g, '_');
  return `nexus_${readable.slice(0, NAME_LENGTH - digest.length - 7)}_${digest}`;
}

/** The id in `arn:aws:bedrock-agentcore:<region>:<account>:runtime/<id>`. */
export function runtimeIdOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** The name of an AWS failure, e.g. `ConflictException`. */
export const awsErrorName = (error: unknown): string => (error instanceof Error ? error.name : '');

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const LIST_PAGE = 100;

interface RuntimeVersion {
  id: string;
  arn: string;
  version: string;
}

/** The runtimes of agents on AgentCore: one runtime per agent, with one endpoint that points to its newest ready version. */
@Injectable()
export class AgentCoreDeployments {
  constructor(
    private readonly clients: AgentCoreClients,
    private readonly settings: Settings,
  ) {}

  /**
   * Makes the runtime, or updates the one that is there, waits until it is ready and points the endpoint to it. Repeating it
   * ends in the same: the name is the agent's, and one client token covers the retries of a call.
   */
  async deploy(agent_id: string, signal?: AbortSignal): Promise<{ arn: string; endpoint_arn: string }> {
    const name = runtimeNameOf(agent_id, this.settings.get('NEXUS_TABLE_PREFIX'));
    const made = (await this.create(name)) ?? (await this.update(name));
    await this.untilReady(() => this.runtimeStatus(made.id), signal);
    const endpoint_arn = (await this.createEndpoint(made)) ?? (await this.updateEndpoint(made));
    await this.untilReady(() => this.endpointStatus(made.id), signal);
    return { arn: made.arn, endpoint_arn };
  }

  /** The endpoint first: a runtime is not deleted while one is left. Safe to repeat. */
  async undeploy(id: string): Promise<void> {
    const { sdk, client } = await this.clients.control();
    const endpoint = new sdk.DeleteAgentRuntimeEndpointCommand({ agentRuntimeId: id, endpointName: ENDPOINT_NAME });
    await this.deleted(() => client.send(endpoint));
    await this.deleted(() => client.send(new sdk.DeleteAgentRuntimeCommand({ agentRuntimeId: id })));
  }

  /** Undefined when there is no such runtime. */
  async runtimeStatus(id: string): Promise<{ status: string; reason?: string | undefined } | undefined> {
    const { sdk, client } = await this.clients.control();
    try {
      const answer = await client.send(new sdk.GetAgentRuntimeCommand({ agentRuntimeId: id }));
      return { status: answer.status ?? 'UNKNOWN', reason: answer.failureReason };
    } catch (error) {
      if (awsErrorName(error) === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  private async endpointStatus(id: string): Promise<{ status: string; reason?: string | undefined }> {
    const { sdk, client } = await this.clients.control();
    const command = new sdk.GetAgentRuntimeEndpointCommand({ agentRuntimeId: id, endpointName: ENDPOINT_NAME });
    const answer = await client.send(command);
    return { status: answer.status ?? 'UNKNOWN', reason: answer.failureReason };
  }

  private async create(name: string): Promise<RuntimeVersion | undefined> {
    const { sdk, client } = await this.clients.control();
    const input = { agentRuntimeName: name, ...this.artifact(), clientToken: randomUUID() };
    try {
      return versionOf(await client.send(new sdk.CreateAgentRuntimeCommand(input)));
    } catch (error) {
      if (awsErrorName(error) === 'ConflictException') return undefined;
      throw error;
    }
  }

  private async update(name: string): Promise<RuntimeVersion> {
    const { sdk, client } = await this.clients.control();
    const agentRuntimeId = await this.idOf(name);
    await this.untilReady(() => this.runtimeStatus(agentRuntimeId));
    const input = { agentRuntimeId, ...this.artifact(), clientToken: randomUUID() };
    return versionOf(await client.send(new sdk.UpdateAgentRuntimeCommand(input)));
  }

  private async idOf(name: string): Promise<string> {
    const { sdk, client } = await this.clients.control();
    for await (const page of sdk.paginateListAgentRuntimes({ client, pageSize: LIST_PAGE }, {})) {
      const found = page.agentRuntimes?.find(({ agentRuntimeName }) => agentRuntimeName === name);
      if (found?.agentRuntimeId) return found.agentRuntimeId;
    }
    throw new AgentRunError('runtime', `AgentCore says that the runtime ${name} exists, but does not list it.`);
  }

  private async createEndpoint({ id, version }: RuntimeVersion): Promise<string | undefined> {
    const { sdk, client } = await this.clients.control();
    const input = { agentRuntimeId: id, name: ENDPOINT_NAME, agentRuntimeVersion: version, clientToken: randomUUID() };
    try {
      return (await client.send(new sdk.CreateAgentRuntimeEndpointCommand(input))).agentRuntimeEndpointArn ?? '';
    } catch (error) {
      if (awsErrorName(error) === 'ConflictException') return undefined;
      throw error;
    }
  }

  private async updateEndpoint({ id, version }: RuntimeVersion): Promise<string> {
    const { sdk, client } = await this.clients.control();
    const input = { agentRuntimeId: id, endpointName: ENDPOINT_NAME, agentRuntimeVersion: version };
    const command = new sdk.UpdateAgentRuntimeEndpointCommand({ ...input, clientToken: randomUUID() });
    return (await client.send(command)).agentRuntimeEndpointArn ?? '';
  }

  /** What the container is, what it may do, and that each call brings the definition: see docs/adr/0009. */
  private artifact() {
    const containerUri = this.settings.get('AGENTCORE_CONTAINER_URI');
    const roleArn = this.settings.get('AGENTCORE_ROLE_ARN');
    if (containerUri === undefined || roleArn === undefined)
      throw ValidationError.field(
        'runtime',
        '"agentcore" needs the settings AGENTCORE_CONTAINER_URI and AGENTCORE_ROLE_ARN of the platform',
      );
    const model = this.settings.get('MODEL_ID');
    return {
      agentRuntimeArtifact: { containerConfiguration: { containerUri } },
      roleArn,
      networkConfiguration: { networkMode: 'PUBLIC' as const },
      protocolConfiguration: { serverProtocol: 'HTTP' as const },
      environmentVariables: {
        AGENT_SERVER_HOST: '0.0.0.0',
        AGENT_SERVER_PORT: '8080',
        AGENT_SERVER_DEFINITION: 'payload',
        AWS_REGION: this.settings.get('AWS_REGION'),
        MODEL_PROVIDER: this.settings.get('MODEL_PROVIDER'),
        ...(model === undefined ? {} : { MODEL_ID: model }),
      },
    };
  }

  private async untilReady(
    status: () => Promise<{ status: string; reason?: string | undefined } | undefined>,
    signal?: AbortSignal,
  ): Promise<void> {
    for await (const _ of this.pauses(signal)) {
      const now = await status();
      if (now?.status === 'READY') return;
      if (now === undefined || now.status.endsWith('_FAILED') || now.status === 'DELETING')
        throw new AgentRunError(
          'runtime',
          `AgentCore: ${now?.status ?? 'the runtime is gone'}${now?.reason ? `: ${now.reason}` : ''}`,
        );
    }
    throw new AgentRunError(
      'timeout',
      `AgentCore was not ready within ${this.settings.get('AGENTCORE_READY_SECONDS')} s.`,
    );
  }

  /** What is in the middle of something else is in conflict; it is asked again until it is not. */
  private async deleted(deletion: () => Promise<unknown>): Promise<void> {
    for await (const _ of this.pauses()) {
      try {
        await deletion();
        return;
      } catch (error) {
        if (awsErrorName(error) === 'ResourceNotFoundException') return;
        if (awsErrorName(error) !== 'ConflictException') throw error;
      }
    }
    throw new AgentRunError('timeout', 'AgentCore did not let the runtime be deleted in time; delete the agent again.');
  }

  private async *pauses(signal?: AbortSignal): AsyncGenerator<void> {
    const deadline = performance.now() + this.settings.get('AGENTCORE_READY_SECONDS') * 1000;
    for (let pause = FIRST_PAUSE_MS; performance.now() < deadline; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      yield;
      await delay(pause, undefined, signal ? { signal } : {});
    }
  }
}

function versionOf(answer: {
  agentRuntimeId: string | undefined;
  agentRuntimeArn: string | undefined;
  agentRuntimeVersion: string | undefined;
}): RuntimeVersion {
  const { agentRuntimeId: id, agentRuntimeArn: arn, agentRuntimeVersion: version } = answer;
  if (id === undefined || arn === undefined || version === undefined)
    throw new AgentRunError('malformed', "AgentCore's response lacks the runtime's id, ARN or version.");
  return { id, arn, version };
}
