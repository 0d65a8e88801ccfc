import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import type { BedrockAgentCoreControlClient } from '@aws-sdk/client-bedrock-agentcore-control';
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
