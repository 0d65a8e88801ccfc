import { once } from 'node:events';
import { Injectable, Logger } from '@nestjs/common';
import {
  type AgentCard,
  type CancelTaskRequest,
  type DeleteTaskPushNotificationConfigRequest,
  type GetTaskPushNotificationConfigRequest,
  type GetTaskRequest,
  type ListTaskPushNotificationConfigsRequest,
  type ListTaskPushNotificationConfigsResponse,
  type ListTasksRequest,
  type ListTasksResponse,
  type SendMessageRequest,
  type StreamResponse,
  type SubscribeToTaskRequest,
  type Task,
  type TaskPushNotificationConfig,
  TaskState,
} from '@a2a-js/sdk';
import {
  A2AError,
  ContentTypeNotSupportedError,
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import { AgentsService } from '../../agents/agents.service.js';
import { BackgroundRuns } from '../../invocations/background-runs.service.js';
import { awaited, type Invocation, isOver, isPending } from '../../invocations/invocation.js';
import { Approvals } from '../../invocations/approvals.service.js';
import { invokeResult } from '../../invocations/invocation-view.js';
import {
  InvocationNotCancellableError,
  InvocationNotFoundError,
  RunWaitingError,
} from '../../invocations/invocations.errors.js';
import { InvocationsService, type InvokeRequest } from '../../invocations/invocations.service.js';
import { RunEvents } from '../../invocations/run-events.service.js';
import { drained } from '../../invocations/run-streams.service.js';
import type { TaskPush } from '../../invocations/task-pushes.repository.js';
import { type NewPush, TaskPushes } from '../../invocations/task-pushes.service.js';
import { AgentRunError } from '../../runtimes/agent-runtime.js';
import { DatabaseError, DomainError, InvalidStateError } from '../../shared/domain-error.js';
import { A2aCaller } from './a2a-caller.js';
import { agentCard, extendedCard, platformCard } from './a2a-card.js';
import { LEGACY_PUSH, PUSH } from './a2a-pushes.js';
import { decisionsOf, stateOf, taskOf, textOf, updatesOf } from './a2a-task.js';

const TEXT_MODES = new Set(['text', 'text/plain', 'text/*', '*/*']);
const PAGE_DEFAULT = 50;
const PAGE_MAX = 100;
/** Pages of records that one list reads while it looks for tasks of a context or a state. */
const PAGES_READ = 10;
const AGENTS_SHOWN = 100;
/** How long the answer to a cancellation waits for the run to end. */
const CANCELLED_WITHIN_MS = 3_000;

const LEGACY = '0.3';

/** The protocol's operations over invocations, sessions and pushes. Nothing is stored here. */
@Injectable()
export class A2aAgents implements A2ARequestHandler {
  private readonly logger = new Logger(A2aAgents.name);

  constructor(
    private readonly agents: AgentsService,
    private readonly invocations: InvocationsService,
    private readonly background: BackgroundRuns,
    private readonly events: RunEvents,
    private readonly approvals: Approvals,
    private readonly pushes: TaskPushes,
  ) {}

  /** Only its versions and bindings are read; see {@link cardOf} for the cards that callers get. */
  async getAgentCard(): Promise<AgentCard> {
    return platformCard('http://localhost/a2a');
  }

  /** @throws AgentNotFoundError */
  async cardOf({ principal: { org_id }, agent_id, url }: A2aCaller): Promise<AgentCard> {
    return agent_id === undefined ? platformCard(url) : agentCard(url, await this.agents.get(org_id, agent_id));
  }

  async getAuthenticatedExtendedAgentCard(_params: unknown, context: ServerCallContext): Promise<AgentCard> {
    return this.translated(async () => {
      const caller = callerOf(context);
      if (caller.agent_id !== undefined) return this.cardOf(caller);
      const { org_id } = caller.principal;
      const { items } = await this.agents.list(org_id, { status: 'running' }, { limit: AGENTS_SHOWN });
      return extendedCard(caller.url, items);
    });
  }

  /** Waits for the answer, and stops the run when the caller goes away; with `returnImmediately` it runs in the background. */
  async sendMessage(params: SendMessageRequest, context: ServerCallContext): Promise<Task> {
    return this.translated(async () => {
      const { signal } = callerOf(context);
      const historyLength = params.configuration?.historyLength;
      const decided = await this.decided(params, context);
      if (decided) {
        const { org_id, invocation_id } = decided;
        const isNow = params.configuration?.returnImmediately === true;
        const run = isNow ? decided : await this.approvals.continued(org_id, invocation_id, signal);
        return taskOf(run, historyLength);
      }
      const asked = await this.asked(params, context);
      const push = params.configuration?.taskPushNotificationConfig;
      if (params.configuration?.returnImmediately) {
        const started = await this.start(asked);
        if (push) await this.pushes.set(started, newPush(push, context));
        return taskOf(started, historyLength);
      }
      const answered = await this.answered({ ...asked, signal, quiet: true });
      if (push) await this.pushes.set(answered, newPush(push, context));
      return taskOf(answered, historyLength);
    });
  }

  /** The run goes on when the caller leaves: its task can be read, followed again and cancelled. */
  async *sendMessageStream(
    params: SendMessageRequest,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const invocation = await this.translated(
      async () => (await this.decided(params, context)) ?? this.start(await this.asked(params, context)),
    );
    const push = params.configuration?.taskPushNotificationConfig;
    if (push) await this.translated(() => this.pushes.set(invocation, newPush(push, context)));
    yield* this.follow(invocation, context);
  }

  async *resubscribe(
    { id, tenant }: SubscribeToTaskRequest,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const invocation = await this.translated(() => this.invocationOf(id, context, tenant));
    if (isOver(invocation)) throw new UnsupportedOperationError('The task has already ended. Read it with GetTask');
    yield* this.follow(invocation, context);
  }

  async getTask({ id, tenant, historyLength }: GetTaskRequest, context: ServerCallContext): Promise<Task> {
    return this.translated(async () => taskOf(await this.invocationOf(id, context, tenant), historyLength));
  }

  async cancelTask({ id, tenant }: CancelTaskRequest, context: ServerCallContext): Promise<Task> {
    return this.translated(async () => {
      const { org_id, invocation_id, status } = await this.invocationOf(id, context, tenant);
      if (isOver({ status })) throw new TaskNotCancelableError('The task has already ended');
      await this.invocations.cancel(org_id, invocation_id);
      return taskOf(await this.ended(org_id, invocation_id));
    });
  }

  /** Newest first. Of `/a2a` the tenant names the agent. */
  async listTasks(params: ListTasksRequest, context: ServerCallContext): Promise<ListTasksResponse> {
    return this.translated(async () => {
      const { org_id } = callerOf(context).principal;
      const agent_id = await this.agentOf(context, params.tenant);
      const limit = pageSizeOf(params.pageSize);
      if (params.status === TaskState.UNRECOGNIZED) throw new RequestMalformedError('status must be a task state');
      const after = timeOf(params.statusTimestampAfter);
      const isWanted = (invocation: Invocation): boolean =>
        (!params.contextId || invocation.session_id === params.contextId) &&
        (!params.status || stateOf(invocation) === params.status) &&
        (!after || (invocation.completed_at ?? invocation.created_at) >= after);
      const found: Invocation[] = [];
      let last_key: string | null | undefined = params.pageToken || undefined;
      for (let read = 0; read < PAGES_READ; read++) {
        // No more than the rest of the page, so that the position after it is that of the last task of the page.
        const page = { limit: limit - found.length, ...(last_key ? { last_key } : {}) };
        const { items, last_key: next } = await this.invocations.list(org_id, { agent_id }, page);
        found.push(...items.filter(isWanted));
        last_key = next;
        if (!last_key || found.length >= limit) break;
      }
      const tasks = found
        .map((invocation) => taskOf(invocation, params.historyLength))
        .map((task) => (params.includeArtifacts ? task : { ...task, artifacts: [] }));
      return { tasks, nextPageToken: last_key ?? '', pageSize: limit, totalSize: tasks.length };
    });
  }

  /** Also for a task that waits or runs already. @throws RequestMalformedError for an address that the platform does not call */
  async createTaskPushNotificationConfig(
    config: TaskPushNotificationConfig,
    context: ServerCallContext,
  ): Promise<TaskPushNotificationConfig> {
    return this.translated(async () => {
      const invocation = await this.invocationOf(config.taskId, context, config.tenant);
      return this.configOf(await this.pushes.set(invocation, newPush(config, context)));
    });
  }

  async getTaskPushNotificationConfig(
    { id, taskId, tenant }: GetTaskPushNotificationConfigRequest,
    context: ServerCallContext,
  ): Promise<TaskPushNotificationConfig> {
    return this.translated(async () => {
      const invocation = await this.invocationOf(taskId, context, tenant);
      // Callers of version 0.3 may leave the id out when there is one.
      const push = id ? await this.pushes.find(invocation, id) : (await this.pushes.list(invocation))[0];
      if (!push) throw new TaskNotFoundError(id || taskId);
      return this.configOf(push);
    });
  }

  async listTaskPushNotificationConfigs(
    { taskId, tenant }: ListTaskPushNotificationConfigsRequest,
    context: ServerCallContext,
  ): Promise<ListTaskPushNotificationConfigsResponse> {
    return this.translated(async () => {
      const pushes = await this.pushes.list(await this.invocationOf(taskId, context, tenant));
      return { configs: pushes.map((push) => this.configOf(push)), nextPageToken: '' };
    });
  }

  async deleteTaskPushNotificationConfig(
    { id, taskId, tenant }: DeleteTaskPushNotificationConfigRequest,
    context: ServerCallContext,
  ): Promise<void> {
    await this.translated(async () => this.pushes.remove(await this.invocationOf(taskId, context, tenant), id));
  }

  private configOf(push: TaskPush): TaskPushNotificationConfig {
    const { invocation_id: taskId, push_id: id, url } = push;
    const { token = '', authorization } = this.pushes.secretsOf(push);
    const [scheme = '', ...credentials] = authorization?.split(' ') ?? [];
    const authentication = authorization === undefined ? undefined : { scheme, credentials: credentials.join(' ') };
    return { tenant: '', taskId, id, url, token, authentication };
  }

  private async asked(
    { message, configuration, tenant }: SendMessageRequest,
    context: ServerCallContext,
  ): Promise<InvokeRequest> {
    const { org_id, user_id } = callerOf(context).principal;
    const input_text = textOf(message);
    if (configuration?.taskPushNotificationConfig)
      this.pushes.assertCallable(configuration.taskPushNotificationConfig.url);
    const modes = configuration?.acceptedOutputModes ?? [];
    if (modes.length > 0 && !modes.some((mode) => TEXT_MODES.has(mode)))
      throw new ContentTypeNotSupportedError('Agents answer text/plain');
    if (message?.taskId) {
      await this.invocationOf(message.taskId, context, tenant);
      throw new UnsupportedOperationError(
        'A task takes one message. Send the next one with its contextId and without a taskId',
      );
    }
    const agent_id = await this.agentOf(context, tenant);
    return { org_id, user_id, agent_id, input_text, ...(message?.contextId ? { session_id: message.contextId } : {}) };
  }

  /** Decides calls of a waiting task. @returns undefined for a message that begins a task or goes to another one */
  private async decided(
    { message, tenant }: SendMessageRequest,
    context: ServerCallContext,
  ): Promise<Invocation | undefined> {
    if (!message?.taskId) return undefined;
    const invocation = await this.invocationOf(message.taskId, context, tenant);
    if (invocation.status !== 'waiting') return undefined;
    const pending = awaited(invocation).filter(isPending);
    const decisions = decisionsOf(message).flatMap(({ approval_id, ...decision }) => {
      const ids = approval_id === undefined ? pending.map((one) => one.approval_id) : [approval_id];
      return ids.map((id) => ({ approval_id: id, ...decision }));
    });
    return this.approvals.decideAll(callerOf(context).principal, { ...invocation, decisions });
  }

  /** @throws RequestMalformedError on `/a2a` without a tenant while the organization has not exactly one running agent */
  private async agentOf(context: ServerCallContext, tenant: string): Promise<string> {
    const { agent_id, principal } = callerOf(context);
    const named = context.tenant || tenant;
    if (agent_id !== undefined) {
      if (named && named !== agent_id)
        throw new RequestMalformedError('tenant names a different agent than this endpoint');
      return agent_id;
    }
    if (named) return named;
    const { items, last_key } = await this.agents.list(principal.org_id, { status: 'running' }, { limit: 2 });
    const [only, ...others] = items;
    if (only && others.length === 0 && !last_key) return only.agent_id;
    throw new RequestMalformedError('tenant must be the id of an agent; the extended card lists the agents as skills');
  }

  /** @throws TaskNotFoundError also for a task of another agent than that of the endpoint */
  private async invocationOf(id: string, context: ServerCallContext, tenant: string): Promise<Invocation> {
    const { agent_id, principal } = callerOf(context);
    const named = agent_id ?? (context.tenant || tenant || undefined);
    const invocation = await this.invocations.get(principal.org_id, id);
    if (named !== undefined && invocation.agent_id !== named) throw new TaskNotFoundError(id);
    return invocation;
  }

  /** A failed run is a task that has failed, not an error of the request; also when a budget refuses its model calls. */
  private async answered(asked: InvokeRequest): Promise<Invocation> {
    try {
      return await drained(this.invocations.invoke(asked));
    } catch (error) {
      if (error instanceof RunWaitingError) return error.invocation;
      const id = error instanceof DomainError ? error.details['invocation_id'] : undefined;
      if (typeof id !== 'string') throw error;
      return this.invocations.get(asked.org_id, id);
    }
  }

  private async start(asked: InvokeRequest): Promise<Invocation> {
    const run: { started?: Invocation } = {};
    run.started = await this.background.start({
      beginning: await this.invocations.beginning(asked),
      run: (live) => this.invocations.invoke({ ...asked, live }),
      answer: (invocation) => invokeResult(invocation, false),
      over: () => {
        if (run.started) void this.pushes.changed(run.started);
      },
    });
    return run.started;
  }

  private async *follow(
    invocation: Invocation,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const { org_id, invocation_id } = invocation;
    const { signal } = callerOf(context);
    const events = await this.events.followPresent(invocation);
    const left = signal.aborted ? Promise.resolve() : once(signal, 'abort');
    const gone = left.then(() => 'gone' as const);
    const updates = updatesOf(invocation, events, () => this.ended(org_id, invocation_id));
    try {
      for (;;) {
        const next = await Promise.race([updates.next(), gone]);
        if (next === 'gone' || next.done) return;
        yield next.value;
      }
    } finally {
      await events.return(undefined);
    }
  }

  /** The record of a run that is about to end; as it is after three seconds. */
  private async ended(org_id: string, invocation_id: string): Promise<Invocation> {
    const deadline = performance.now() + CANCELLED_WITHIN_MS;
    for (;;) {
      const invocation = await this.invocations.get(org_id, invocation_id);
      if (isOver(invocation) || awaited(invocation).some(isPending) || performance.now() > deadline) return invocation;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Errors of the platform as the protocol's own. What went wrong inside stays inside. */
  private async translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof A2AError) throw error;
      if (error instanceof InvocationNotFoundError) throw new TaskNotFoundError(String(error.details['id']));
      if (error instanceof InvocationNotCancellableError) throw new TaskNotCancelableError(error.message);
      if (error instanceof InvalidStateError) throw new UnsupportedOperationError(error.message);
      if (error instanceof DomainError && !(error instanceof DatabaseError) && !(error instanceof AgentRunError))
        throw new RequestMalformedError(error.message);
      if (!(error instanceof DomainError)) this.logger.error({ msg: 'a request failed', err: error });
      throw new A2AError(error instanceof DomainError ? error.message : 'Something went wrong on our side');
    }
  }
}

function callerOf({ user }: ServerCallContext): A2aCaller {
  if (!(user instanceof A2aCaller)) throw new TypeError('the controller gives every call its caller');
  return user;
}

function timeOf(given: string | undefined): string | undefined {
  if (!given) return undefined;
  const time = new Date(given);
  if (Number.isNaN(time.getTime())) throw new RequestMalformedError('statusTimestampAfter must be a time');
  return time.toISOString();
}

function pageSizeOf(asked: number | undefined): number {
  const size = Number(asked ?? PAGE_DEFAULT);
  if (!Number.isInteger(size) || size < 1 || size > PAGE_MAX)
    throw new RequestMalformedError(`pageSize must be 1 to ${PAGE_MAX}`);
  return size;
}

function newPush(config: TaskPushNotificationConfig, { requestedVersion }: ServerCallContext): NewPush {
  const { id, url, token, authentication } = config;
  const { scheme = '', credentials = '' } = authentication ?? {};
  const authorization = `${scheme} ${credentials}`.trim();
  return {
    id: id || undefined,
    url,
    form: requestedVersion === LEGACY ? LEGACY_PUSH : PUSH,
    secrets: { ...(token ? { token } : {}), ...(authorization ? { authorization } : {}) },
  };
}
