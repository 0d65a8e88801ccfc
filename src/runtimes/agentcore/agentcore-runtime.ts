import { Injectable } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import { DomainError } from '../../shared/domain-error.js';
import type { AgentDefinition } from '../agent-definition.js';
import {
  AgentRunError,
  type AgentEvent,
  type AgentRun,
  AgentRuntime,
  type DeployOptions,
  type Deployment,
  type RuntimeHealth,
} from '../agent-runtime.js';
import { containerSessionId, payloadOf, type ContainerAnswer } from '../container/container-contract.js';
import { containerRun } from '../container/container-run.js';
import {
  AgentCoreClients,
  awsErrorName,
  ENDPOINT_NAME,
  runtimeIdOf,
  AgentCoreDeployments,
} from './agentcore-deployments.js';

/** Runs agents on Amazon Bedrock AgentCore: the agent server in a container, a machine of its own for each session. */
@Injectable()
export class AgentCoreRuntime extends AgentRuntime {
  override readonly kind = 'agentcore';

  constructor(
    private readonly clients: AgentCoreClients,
    private readonly deployments: AgentCoreDeployments,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async *run(run: AgentRun): AsyncGenerator<AgentEvent> {
    const config = run.deployment?.agentcore_config;
    if (!config) throw new AgentRunError('runtime', 'The agent is not deployed to AgentCore: set its runtime again.');
    yield* containerRun(run, 'agentcore', this.clock, (signal) => this.call(run, config, signal));
  }

  /** The definition is not part of the deployment: each call brings the version that the agent points to. */
  override async deploy(
    agentId: string,
    _definition: AgentDefinition,
    options: DeployOptions = {},
  ): Promise<Deployment> {
    const { arn, endpoint_arn } = await described(() => this.deployments.deploy(agentId, options.signal));
    const agentcore_config = { agent_arn: arn, agent_alias_id: ENDPOINT_NAME, agent_alias_arn: endpoint_arn };
    return { region: this.settings.get('AWS_REGION'), agentcore_config };
  }

  override async undeploy(_agentId: string, deployment?: Deployment): Promise<void> {
    const arn = deployment?.agentcore_config?.agent_arn;
    if (arn) await described(() => this.deployments.undeploy(runtimeIdOf(arn)));
  }

  override async health(_agentId: string, deployment?: Deployment): Promise<RuntimeHealth> {
    const arn = deployment?.agentcore_config?.agent_arn;
    if (!arn) return { ready: false, message: 'The agent is not deployed to AgentCore.' };
    try {
      const now = await this.deployments.runtimeStatus(runtimeIdOf(arn));
      if (!now) return { ready: false, message: 'AgentCore has no such runtime.' };
      const message = `AgentCore says ${now.status}${now.reason ? `: ${now.reason}` : ''}.`;
      return { ready: now.status === 'READY', message };
    } catch (error) {
      return { ready: false, message: `AgentCore could not be queried: ${awsErrorName(error)}.` };
    }
  }

  private async call(
    run: AgentRun,
    config: NonNullable<Deployment['agentcore_config']>,
    signal: AbortSignal,
  ): Promise<ContainerAnswer> {
    const { sdk, client } = await this.clients.data();
    const command = new sdk.InvokeAgentRuntimeCommand({
      agentRuntimeArn: config.agent_arn,
      qualifier: config.agent_alias_id,
      runtimeSessionId: containerSessionId(run),
      contentType: 'application/json',
      accept: 'text/event-stream, application/json',
      payload: new TextEncoder().encode(payloadOf(run, true)),
    });
    const { contentType, response } = await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
      throw callFailure(error);
    });
    if (!response) throw new AgentRunError('malformed', "AgentCore's response has no body.");
    const body = response as unknown as AsyncIterable<Uint8Array> & { destroy?: (error?: Error) => void };
    // The SDK's signal ends with the head of the answer.
    signal.addEventListener('abort', () => body.destroy?.(), { once: true });
    return { content_type: contentType ?? '', body };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'AgentCore has no such runtime: set the runtime of the agent again.',
  ThrottlingException: 'AgentCore is throttling calls.',
  ServiceQuotaExceededException: 'An AgentCore quota is exhausted.',
  AccessDeniedException: 'AgentCore does not let the platform call the agent.',
  RuntimeClientError: "The agent's container failed or did not start; its log is in CloudWatch.",
};

function callFailure(error: unknown): AgentRunError {
  const name = awsErrorName(error);
  const known = REASONS[name];
  if (known !== undefined) return new AgentRunError('runtime', known, [], undefined, error);
  const hasStatus = typeof error === 'object' && error !== null && '$metadata' in error && name.endsWith('Exception');
  return hasStatus
    ? new AgentRunError('runtime', `AgentCore failed: ${name}.`, [], undefined, error)
    : new AgentRunError('unreachable', 'AgentCore could not be reached.', [], undefined, error);
}

/** What AWS refuses is a fault of the runtime, said with the name that AWS gives it. */
async function described<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw new AgentRunError('runtime', `AgentCore refused: ${awsErrorName(error)}.`, [], undefined, error);
  }
}
