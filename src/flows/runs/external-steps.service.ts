import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { IntegrationsService } from '../../integrations/integrations.service.js';
import { OperationsService } from '../../integrations/operations.service.js';
import type { Invocation } from '../../invocations/invocation.js';
import { RunWaitingError } from '../../invocations/invocations.errors.js';
import { InvocationsService } from '../../invocations/invocations.service.js';
import { drained } from '../../invocations/run-streams.service.js';
import { WebhookSender } from '../../invocations/webhooks.service.js';
import { type OutgoingAnswer, OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { signedHeaders } from '../../platform/webhooks/signed-webhooks.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import { AgentRunError } from '../../runtimes/agent-runtime.js';
import { Clock } from '../../shared/clock.js';
import { DomainError } from '../../shared/domain-error.js';
import { retryAfterMsOf } from '../../shared/retry-after.js';
import { AttachedToolStore } from '../../tools/attachments/attached-tool-store.js';
import type { AttachedTool } from '../../tools/attachments/attached-tool.js';
import { ToolCaller } from '../../tools/attachments/tool-caller.js';
import { BuiltinToolKind } from '../../tools/kinds/builtin/builtin.kind.js';
import type { ToolOperation } from '../../tools/kinds/tool-kind.js';
import { Sandbox } from '../../tools/sandbox/sandbox.js';
import { ServiceAnswerError, ToolError } from '../../tools/tool.js';
import type { StepConfig } from '../definition/definition.js';
import type { FlowReferences } from '../flow.js';
import type { FlowRun, RunError } from './flow-run.js';

const HTTP_MAX_BYTES = 900_000;
const TOOLS_KEPT = 500;
const TOOLS_FRESH_MS = 5_000;
/** Statuses after which the same request may succeed. 409 counts when a key says that the first request is still under way. */
const RETRIED_STATUSES = new Set([408, 425, 429]);
const CONFLICT = 409;
const SERVER_FAULT = 500;
const EXCERPT = 500;
/** How often a step looks at an agent's run that waits for approval. */
const APPROVAL_POLL_MS = 1_000;

/** The kinds that reach outside of the flow. */
export const EXTERNAL_KINDS = ['call', 'tool', 'agent', 'http', 'code', 'webhook'] as const;
export type ExternalKind = (typeof EXTERNAL_KINDS)[number];

/** A step without the parts that have nothing to do with its work; expressions are filled in. */
export type ExternalWork = { [K in ExternalKind]: { kind: K; config: StepConfig<K> } }[ExternalKind];

/** In which run the work is done. */
export interface WorkContext {
  run: FlowRun;
  references: FlowReferences;
  /** Of the step, or of its compensation. */
  name: string;
  idempotency_key: string | undefined;
  /** What an agent may still cost; undefined: as much as its own limit allows. */
  max_cost_usd: number | undefined;
  timeout_ms: number;
  signal: AbortSignal;
}

export interface WorkResult {
  output: unknown;
  request_id?: string;
  cost_usd?: number;
  /** What a dry run did instead. */
  note?: string;
}

/** Work that failed. `is_transient`: the same work may succeed later. */
export class StepFailure extends Error {
  constructor(
    readonly error: RunError,
    readonly is_transient: boolean,
    readonly more: { retry_after_ms?: number | undefined; request_id?: string; cost_usd?: number } = {},
  ) {
    super(error.message);
    this.name = 'StepFailure';
  }
}

/** Does the work of steps that reach outside of the flow. Each kind is one method; {@link EXTERNAL_KINDS} lists them. */
@Injectable()
export class ExternalSteps {
  /** Attached tools never change; one that was deleted is noticed within seconds. */
  private readonly tools = new LRUCache<string, AttachedTool>({ max: TOOLS_KEPT, ttl: TOOLS_FRESH_MS });

  constructor(
    private readonly integrations: IntegrationsService,
    private readonly operations: OperationsService,
    private readonly attached: AttachedToolStore,
    private readonly caller: ToolCaller,
    private readonly catalogue: BuiltinToolKind,
    private readonly invocations: InvocationsService,
    private readonly outgoing: OutgoingHttp,
    private readonly sandbox: Sandbox,
    private readonly webhooks: WebhookSender,
    private readonly clock: Clock,
  ) {}

  /** @throws StepFailure */
  async perform(work: ExternalWork, context: WorkContext): Promise<WorkResult> {
    try {
      return await this.dispatch(work, context);
    } catch (error) {
      if (error instanceof StepFailure) throw error;
      throw failureOf(error, context.idempotency_key !== undefined);
    }
  }

  private dispatch(work: ExternalWork, context: WorkContext): Promise<WorkResult> {
    switch (work.kind) {
      case 'call':
        return this.call(work.config, context);
      case 'tool':
        return this.tool(work.config, context);
      case 'agent':
        return this.agent(work.config, context);
      case 'http':
        return this.http(work.config, context);
      case 'code':
        return this.code(work.config, context);
      case 'webhook':
        return this.webhook(work.config, context);
    }
  }

  /** The body of the answer: `steps.<id>.output` is what the service said. */
  private async call(config: StepConfig<'call'>, context: WorkContext): Promise<WorkResult> {
    const { integration, operation, input = {} } = config;
    const known = context.references.integrations?.[integration];
    if (known) return this.callOperation(known.integration_id, operation, input, context);
    const { output, ...rest } = await this.attachedCall(integration, operation, input, context);
    const hasBody = typeof output === 'object' && output !== null && 'body' in output;
    return { ...rest, output: hasBody ? output.body : output };
  }

  /** In a dry run the mock answers what writes: from the examples of the document, otherwise from its schemas. */
  private async callOperation(
    integration_id: string,
    operation: string,
    input: unknown,
    { run, name, idempotency_key, signal }: WorkContext,
  ): Promise<WorkResult> {
    const { org_id, run_id } = run;
    if (typeof input !== 'object' || input === null || Array.isArray(input))
      throw new StepFailure({ code: 'VALIDATION_ERROR', message: 'The input of a call must be an object' }, false);
    const is_mocked =
      run.dry_run === true && (await this.integrations.operation(org_id, integration_id, operation)).risk !== 'read';
    const answer = await this.operations.call({
      ...{ org_id, integration_id, operation, input: { ...input }, actor: `${run_id}.${name}`, is_mocked, signal },
      ...(idempotency_key === undefined ? {} : { idempotency_key }),
    });
    const { status, headers, body } = answer;
    if (status >= 400)
      throw answeredFailure(
        `${answer.name} returned ${status}: ${(typeof body === 'string' ? body : JSON.stringify(body)).slice(0, EXCERPT)}`,
        status,
        retryAfterMsOf(headers),
        idempotency_key !== undefined,
      );
    const note = `${answer.name} writes data, so the integration's mock was called instead.`;
    // As it is stored: expressions take plain JSON only.
    const output = JSON.parse(JSON.stringify(body ?? null)) as unknown;
    return { output, ...(is_mocked ? { note } : {}) };
  }

  private async tool({ name, operation, input = {} }: StepConfig<'tool'>, context: WorkContext): Promise<WorkResult> {
    if (!this.catalogue.find(name)) return this.attachedCall(name, operation, input, context);
    const now = () => this.clock.now();
    const { signal } = context;
    const { org_id } = context.run;
    return { output: await this.catalogue.execute(name, input, { org_id, knowledge: [], now, signal }) };
  }

  private async attachedCall(name: string, wanted: string | undefined, input: unknown, context: WorkContext) {
    const { run, references, idempotency_key, signal } = context;
    const tool = await this.toolOf(run.org_id, references.tools[name] ?? name);
    const operation = operationOf(tool, wanted);
    if (run.dry_run && operation.risk !== 'read')
      return { output: null, note: `${operation.operation} writes data: it was not called, and its output is null.` };
    const headers: Record<string, string> = idempotency_key === undefined ? {} : { 'idempotency-key': idempotency_key };
    return { output: await this.caller.callWhole(tool, operation, input, { signal, headers, depth: run.depth + 1 }) };
  }

  private async toolOf(org_id: string, tool_id: string): Promise<AttachedTool> {
    const key = `${org_id}#${tool_id}`;
    const tool = this.tools.get(key) ?? (await this.attached.get(org_id, tool_id));
    this.tools.set(key, tool);
    return tool;
  }

  private async agent({ agent_id, input }: StepConfig<'agent'>, context: WorkContext): Promise<WorkResult> {
    const { run, signal, max_cost_usd } = context;
    const { org_id, user_id, key_id } = run;
    if (run.dry_run)
      return {
        output: { text: '', json: null, invocation_id: null },
        note: 'The agent was not run, to avoid its cost.',
      };
    if (max_cost_usd !== undefined && max_cost_usd <= 0)
      throw new StepFailure(
        { code: 'BUDGET_EXCEEDED', message: `The run has used its budget of ${run.max_cost_usd} US dollars` },
        false,
      );
    const request = { org_id, user_id, key_id, agent_id, input_text: input, quiet: true, signal, depth: run.depth + 1 };
    const invocation = await drained(
      this.invocations.invoke({ ...request, ...(max_cost_usd === undefined ? {} : { max_cost_usd }) }),
    ).catch((error: unknown) => {
      if (error instanceof RunWaitingError) return this.approved(error.invocation, signal);
      throw error;
    });
    const { invocation_id, output_text, cost_usd } = invocation;
    const text = output_text ?? '';
    return {
      output: { text, json: jsonIn(text), invocation_id },
      request_id: invocation_id,
      ...(cost_usd === null ? {} : { cost_usd }),
    };
  }

  /** Waits for a run that asked for approval of a tool call. If the step ends first, the run is cancelled. */
  private async approved({ org_id, invocation_id }: Invocation, signal: AbortSignal): Promise<Invocation> {
    for (;;) {
      const invocation = await this.invocations.get(org_id, invocation_id);
      const { status, error, usage, cost_usd } = invocation;
      if (status === 'success') return invocation;
      if (status === 'failed') {
        const { reason = 'runtime', message = 'The run failed' } = error ?? {};
        const failure = new AgentRunError(reason === 'interrupted' ? 'runtime' : reason, message, [], usage);
        throw Object.assign(failure, { cost_usd, details: { ...failure.details, invocation_id } });
      }
      try {
        await delay(APPROVAL_POLL_MS, undefined, { signal });
      } catch (aborted) {
        await this.invocations.cancel(org_id, invocation_id);
        throw aborted;
      }
    }
  }

  private async http(config: StepConfig<'http'>, context: WorkContext): Promise<WorkResult> {
    const { method, url, headers, body } = config;
    if (context.run.dry_run && method !== 'GET' && method !== 'HEAD')
      return {
        output: { status: 200, headers: {}, body: null },
        note: `${method} writes: it was not sent, and its output is a 200 without a body.`,
      };
    const answer = await this.send(method, url, headers, body, context);
    return { output: { status: answer.status, headers: answer.headers, body: bodyOf(answer) } };
  }

  private async code({ source, input }: StepConfig<'code'>, { run, name, signal }: WorkContext): Promise<WorkResult> {
    const { org_id } = run;
    return { output: await this.sandbox.run({ org_id, name, source, input, now: this.clock.now(), signal }) };
  }

  /** Signed as the webhooks of runs are; every attempt carries the same id. */
  private async webhook(config: StepConfig<'webhook'>, context: WorkContext): Promise<WorkResult> {
    const { url, headers, body = null } = config;
    const { run, name } = context;
    if (run.dry_run) return { output: { status: 200 }, note: 'The webhook was not called.' };
    const text = JSON.stringify(body);
    const message = { id: `${run.run_id}.${name}`, sent_at: this.clock.now(), body: text };
    const signed = signedHeaders(this.webhooks.secretOf(run.org_id), message);
    const answer = await this.send('POST', url, { ...headers, ...signed }, body, context);
    return { output: { status: answer.status } };
  }

  private async send(
    method: string,
    url: string,
    headers: Record<string, string>,
    body: unknown,
    { idempotency_key, timeout_ms, signal }: WorkContext,
  ): Promise<OutgoingAnswer> {
    const isText = typeof body === 'string';
    const answer = await this.outgoing.request({
      ...{ url, method, timeout_ms, max_bytes: HTTP_MAX_BYTES, signal },
      headers: {
        ...(body === undefined ? {} : { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' }),
        accept: 'application/json, text/*;q=0.9',
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
        ...(idempotency_key === undefined ? {} : { 'idempotency-key': idempotency_key }),
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    if (answer.status < 400) return answer;
    throw answeredFailure(
      `The service returned ${answer.status}: ${answer.text().slice(0, EXCERPT)}`,
      answer.status,
      retryAfterMsOf(answer.headers),
      idempotency_key !== undefined,
    );
  }
}

function operationOf({ name, operations }: AttachedTool, wanted: string | undefined): ToolOperation {
  const only = wanted === undefined && operations.length === 1 ? operations[0] : undefined;
  const found = only ?? operations.find((one) => one.operation === wanted || one.name === wanted);
  if (found) return found;
  throw new StepFailure({ code: 'UNKNOWN_OPERATION', message: `"${name}" has no operation "${wanted ?? ''}"` }, false);
}

function answeredFailure(
  message: string,
  status: number,
  retry_after_ms: number | undefined,
  hasKey: boolean,
): StepFailure {
  const is_transient = status >= SERVER_FAULT || RETRIED_STATUSES.has(status) || (status === CONFLICT && hasKey);
  return new StepFailure({ code: `HTTP_${status}`, message, details: { status } }, is_transient, { retry_after_ms });
}

/** @param hasKey a request without an answer may be sent again, because the service recognizes it */
function failureOf(error: unknown, hasKey: boolean): StepFailure {
  if (error instanceof ServiceAnswerError)
    return answeredFailure(error.message, error.status, error.retry_after_ms, hasKey);
  if (error instanceof AgentRunError) return agentFailure(error);
  const outgoing = causeOf(error);
  if (outgoing instanceof OutgoingRefusedError)
    return new StepFailure({ code: 'ADDRESS_REFUSED', message: outgoing.message }, false);
  if (outgoing instanceof OutgoingFailedError) {
    const { reason, message } = outgoing;
    const is_transient = reason === 'timeout' || reason === 'unreachable';
    return new StepFailure({ code: `NETWORK_${reason.toUpperCase()}`, message }, is_transient);
  }
  if (error instanceof ToolError) {
    const isBusy = error.message.includes('too many tools are waiting');
    return new StepFailure({ code: 'TOOL_FAILED', message: error.message }, isBusy);
  }
  if (error instanceof DomainError) {
    const { code, message, details } = error;
    const is_transient = code === 'DATABASE_ERROR' || code === 'RATE_LIMIT_EXCEEDED';
    return new StepFailure({ code, message, details }, is_transient);
  }
  return new StepFailure({ code: 'INTERNAL_ERROR', message: 'The step failed unexpectedly' }, false);
}

function causeOf(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof OutgoingRefusedError || cause instanceof OutgoingFailedError) return cause;
  return undefined;
}

function agentFailure({ reason, message, details, cost_usd }: AgentRunError): StepFailure {
  const is_transient = reason === 'unreachable' || reason === 'timeout' || reason === 'model';
  const { invocation_id } = details;
  return new StepFailure({ code: `AGENT_${reason.toUpperCase()}`, message, details }, is_transient, {
    ...(typeof invocation_id === 'string' ? { request_id: invocation_id } : {}),
    ...(cost_usd === null ? {} : { cost_usd }),
  });
}

function bodyOf(answer: OutgoingAnswer): unknown {
  const text = answer.text();
  if (text === '') return null;
  return /\bjson\b/i.test(answer.headers['content-type'] ?? '') ? (jsonIn(text) ?? text) : text;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
