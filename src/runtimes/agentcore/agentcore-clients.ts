import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import type { BedrockAgentCoreControlClient } from '@aws-sdk/client-bedrock-agentcore-control';
import { createHash } from 'node:crypto';
import { Settings } from '../../platform/config/settings.js';

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
export function runtimeNameOf(agent_id: string, prefix: string): string {
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
