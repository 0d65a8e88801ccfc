import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import { Clock } from '../../shared/clock.js';
import { ValidationError } from '../../shared/domain-error.js';
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
import {
  ANSWER_MAX_BYTES,
  containerSessionId,
  payloadOf,
  SESSION_HEADER,
  type ContainerAnswer,
  failure,
} from '../container/container-contract.js';
import { containerRun } from '../container/container-run.js';

const PING_TIMEOUT_MS = 5_000;
const PING_MAX_BYTES = 10_000;

/** Runs agents in containers that someone else keeps running: one agent each, over the AgentCore HTTP contract. */
@Injectable()
export class HttpRuntime extends AgentRuntime {
  override readonly kind = 'http';

  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async *run(run: AgentRun): AsyncGenerator<AgentEvent> {
    const endpoint = run.deployment?.endpoint_url;
    if (!endpoint) throw new AgentRunError('runtime', 'The agent has no endpoint_url: set its runtime again.');
    yield* containerRun(run, 'container', this.clock, (signal) => this.call(run, endpoint, signal));
  }

  /** Deployment happens elsewhere: this only asks whether the container answers. */
  override async deploy(
    _agentId: string,
    _definition: AgentDefinition,
    options: DeployOptions = {},
  ): Promise<Deployment> {
    const endpoint_url = endpointOf(options.endpoint_url);
    const { ready, message } = await this.ping(endpoint_url, options.signal);
    if (!ready) throw ValidationError.field('endpoint_url', `is not the address of a running agent: ${message}`);
    return { region: null, agentcore_config: null, endpoint_url };
  }

  /** The container is not ours to stop. */
  override async undeploy(): Promise<void> {}

  override async health(_agentId: string, deployment?: Deployment): Promise<RuntimeHealth> {
    if (!deployment?.endpoint_url) return { ready: false, message: 'The agent has no endpoint_url.' };
    return this.ping(deployment.endpoint_url);
  }

  private async ping(endpoint: string, signal?: AbortSignal): Promise<RuntimeHealth> {
    try {
      const answer = await this.outgoing.request({
        url: routeOf(endpoint, 'ping'),
        headers: { accept: 'application/json' },
        timeout_ms: PING_TIMEOUT_MS,
        max_bytes: PING_MAX_BYTES,
        ...(signal ? { signal } : {}),
      });
      const problem = pingProblem(answer.status, answer.text());
      return problem === undefined
        ? { ready: true, message: 'The container responds to its ping.' }
        : { ready: false, message: problem };
    } catch (error) {
      if (error instanceof OutgoingRefusedError || error instanceof OutgoingFailedError)
        return { ready: false, message: error.message };
      throw error;
    }
  }

  private async call(run: AgentRun, endpoint: string, signal: AbortSignal): Promise<ContainerAnswer> {
    const response = await this.fetched(run, endpoint, signal);
    if (!response.ok) throw await this.refusal(response);
    const body = (response.body ?? []) as unknown as AsyncIterable<Uint8Array>;
    return { content_type: response.headers.get('content-type') ?? '', body };
  }

  private async fetched(run: AgentRun, endpoint: string, signal: AbortSignal): Promise<Response> {
    const guardedFetch = this.outgoing.guardedFetch({ max_bytes: ANSWER_MAX_BYTES, max_redirects: 0 });
    try {
      return await guardedFetch(routeOf(endpoint, 'invocations'), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream, application/json;q=0.9',
          [SESSION_HEADER]: containerSessionId(run),
        },
        body: payloadOf(run, false),
        signal,
      });
    } catch (error) {
      if (error instanceof OutgoingRefusedError)
        throw new AgentRunError(
          'unreachable',
          `The platform may not call the agent's container: its ${error.message}.`,
        );
      throw new AgentRunError('unreachable', "The agent's container could not be reached.", [], undefined, error);
    }
  }

  /** The agent server says why it failed; others only that they did. */
  private async refusal(response: Response): Promise<AgentRunError> {
    const text = await response.text().catch(() => '');
    try {
      const { error } = JSON.parse(text) as { error?: unknown };
      if (error !== undefined) {
        const { reason, message, steps, usage } = failure(error);
        return new AgentRunError(reason, message, steps, usage);
      }
    } catch {
      // Not JSON: its status is all there is to say.
    }
    return new AgentRunError('runtime', `The agent's container returned ${response.status}.`);
  }
}

/** The address of a route of a container below its base address. */
function routeOf(endpoint_url: string, route: 'invocations' | 'ping'): string {
  return `${endpoint_url.replace(/(?<!\/)\/+$/, '')}/${route}`;
}

/** The base address as it is stored: without query, fragment and the routes that we add ourselves. @throws ValidationError */
function endpointOf(value: string | undefined): string {
  if (value === undefined) throw ValidationError.field('endpoint_url', 'is required for the "http" runtime');
  if (!URL.canParse(value)) throw ValidationError.field('endpoint_url', 'is not a valid address');
  const url = new URL(value);
  if (url.search !== '' || url.hash !== '')
    throw ValidationError.field('endpoint_url', 'must not carry a query or a fragment');
  return url.href.replace(/(?<!\/)\/+$/, '').replace(/\/(invocations|ping)$/, '');
}

const pingSchema = z.object({ status: z.enum(['Healthy', 'HealthyBusy']) });

/** What is wrong with the answer to a ping; undefined when the container can take calls. A busy one can. */
function pingProblem(status: number, body: string): string | undefined {
  if (status !== 200) return `GET /ping returned ${status}`;
  try {
    return pingSchema.safeParse(JSON.parse(body)).success
      ? undefined
      : 'GET /ping did not return {"status":"Healthy"} or "HealthyBusy"';
  } catch {
    return 'GET /ping did not return JSON';
  }
}
