import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { BudgetsService } from '../budgets/budgets.service.js';
import { AgentsService } from '../agents/agents.service.js';
import { IntegrationsService } from '../integrations/integrations.service.js';
import { ModelError } from '../models/model-error.js';
import { ModelsService, type StructuredAnswer } from '../models/models.service.js';
import { DomainError } from '../shared/domain-error.js';
import { addUsage, NO_USAGE } from '../shared/usage.js';
import { AttachedToolStore } from '../tools/attachments/attached-tool-store.js';
import { builtinTools } from '../tools/kinds/builtin/index.js';
import type { Fault } from './definition/definition-check.js';
import { FlowsService } from './flows.service.js';
import type { FlowDraftDto } from './flow.dto.js';

/** How often the model gets its definition back with the faults of it. */
const CORRECTIONS = 2;
const AGENTS_SHOWN = 30;
const INTEGRATIONS_SHOWN = 10;
const OPERATIONS_SHOWN = 40;
const TOOLS_SHOWN = 30;
const FLOWS_SHOWN = 30;
const SUMMARY = 160;

const draftSchema = z.object({
  name: z.string().min(1).max(200).describe('A short name of the flow'),
  description: z.string().max(2_000).describe('What the flow does, in one or two sentences'),
  definition_json: z.string().min(2).max(100_000).describe('The definition of the flow as JSON text'),
});

type Drafted = z.infer<typeof draftSchema>;

export class ModelRequiredError extends DomainError {
  override readonly code = 'MODEL_REQUIRED';

  constructor() {
    super(
      'Drafting a flow needs a language model, and none is configured: the offline model cannot write definitions',
      {
        suggestion:
          'Set MODEL_PROVIDER and its key, or write the definition yourself and check it with POST /api/v1/flows/validate.',
      },
    );
  }
}

export class DraftFailedError extends DomainError {
  override readonly code = 'UPSTREAM_FAILED';
}

const SYSTEM = `You write definitions of durable workflows ("flows") for a platform. You answer with JSON only.
Use only agents, integrations, operations, tools and flows that the input lists, by their exact ids and names. Where something that the
requirement needs is missing, use an approval step with a message that says what a person has to do.`;

const INSTRUCTIONS = `Write a flow that does what "requirement" of the input asks for. "definition_json" is the text of one JSON object:
{"input_schema": JSON Schema with type "object", "timeout_seconds": 1 to 2592000, "steps": [...], "output": value}.
Each step has "id" (lower-case letters, digits, _), "needs" (ids of earlier steps it waits for; left out: it starts at once), optional
"when" (a CEL expression), "on_error" ("fail", "continue" or {"goto": later step}), and exactly one kind:
"call": {"integration", "operation", "input"} an operation of an integration; output is the body of the answer
"tool": {"name", "operation"?, "input"}
"agent": {"agent_id", "input": text}; output {text, json}
"http": {"method", "url", "headers"?, "body"?}; output {status, headers, body}
"code": {"source": JavaScript that defines run(input), "input"?}
"transform": a value with expressions
"approval": {"roles": ["developer"|"orchestration_manager"|"admin"], "message"?, "expires_seconds"?, "on_expiry": "reject"|"approve"|"fail"}
"wait": {"seconds"} or {"until"}
"wait_for": {"signal", "expires_seconds"?, "on_expiry": "fail"|"continue"}
"flow": {"flow_id", "input"?}
"for_each": {"items": CEL expression of a list, "max_parallel"?, "steps": [...], "output"?}; inner steps see item and index
"switch": {"cases": [{"name"?, "when", "steps"}], "default"?: [...]}
"webhook": {"url", "body"?}
Expressions are CEL inside \${{ }} in any text: input.x, steps.<id>.output.x, run.id, now. A step may read only steps that it needs, directly
or through others. Every step that writes (a call that is not read-only, http other than GET and HEAD, webhook) must have
"idempotency_key" (a text that is the same for the same write, e.g. "refund-\${{ run.id }}") and "retry": {"max_attempts": 5}. A write that
must be undone when a later step fails has "compensate": {"call"|"http"|"tool": ...}.
If "faults" is given, "previous" is your last definition: correct every fault and keep the rest.`;

/** Has the configured model draft a definition. It is checked like any other, and neither stored nor published. */
@Injectable()
export class FlowDrafts {
  constructor(
    private readonly models: ModelsService,
    private readonly flows: FlowsService,
    private readonly agents: AgentsService,
    private readonly integrations: IntegrationsService,
    private readonly tools: AttachedToolStore,
    private readonly budgets: BudgetsService,
  ) {}

  /**
   * The best of up to three attempts, with the faults that are left.
   * @throws ModelRequiredError when the model is the offline one, ValidationError for a model that no provider serves,
   * DraftFailedError when the model gives no usable answer, BudgetExceededError when a budget does not cover its call
   */
  async draft(
    org_id: string,
    { requirement, model_id }: { requirement: string; model_id?: string | undefined },
    signal?: AbortSignal,
  ): Promise<FlowDraftDto> {
    if (this.models.describe(model_id).provider === 'offline') throw new ModelRequiredError();
    const available = await this.available(org_id);
    let best: FlowDraftDto | undefined;
    let usage = NO_USAGE;
    let cost_usd: number | null = 0;
    for (let attempt = 0; attempt <= CORRECTIONS && best?.faults.length !== 0; attempt++) {
      const before = best && { previous: best.definition, faults: best.faults };
      const answer = await this.ask(org_id, { requirement, available, ...before }, model_id, signal);
      usage = addUsage(usage, answer.usage);
      cost_usd = cost_usd === null || answer.cost_usd === null ? null : cost_usd + answer.cost_usd;
      const { name, description, definition_json } = answer.object;
      const definition = parsedObject(definition_json);
      const faults = definition ? await this.flows.validate(org_id, definition) : [NO_OBJECT];
      if (!best || faults.length <= best.faults.length)
        best = { name, description, definition: definition ?? {}, faults, model: answer.model, usage, cost_usd };
    }
    if (!best || Object.keys(best.definition).length === 0)
      throw new DraftFailedError('The model did not write a definition', { details: { model: best?.model } });
    return { ...best, usage, cost_usd };
  }

  private async ask(
    org_id: string,
    input: object,
    model_id: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StructuredAnswer<Drafted>> {
    try {
      return await this.models.generateStructured({
        ...{ name: 'flow_draft', schema: draftSchema, system: SYSTEM, instructions: INSTRUCTIONS, input },
        meter: (model) => this.budgets.metered(model, this.budgets.spenderHere(org_id)),
        ...(model_id === undefined ? {} : { model_id }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      const { fault, message, suggestion, details } = error;
      const reason = fault === 'timeout' ? { reason: 'timeout' } : {};
      throw new DraftFailedError(message, {
        ...{ details: { ...details, ...reason }, cause: error },
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    }
  }

  /** What the organization has that a flow can use: the newest of each kind, so that the prompt stays small. */
  private async available(org_id: string) {
    const [agents, integrations, tools, flows] = await Promise.all([
      this.agents.list(org_id, {}, { limit: AGENTS_SHOWN }),
      this.integrations.list(org_id, { limit: INTEGRATIONS_SHOWN }),
      this.tools.list(org_id, {}, { limit: TOOLS_SHOWN }),
      this.flows.list(org_id, 'published', { limit: FLOWS_SHOWN }),
    ]);
    const ready = integrations.items.filter(({ status }) => status === 'ready');
    return {
      agents: agents.items.map(({ agent_id, description }) => ({ agent_id, does: cut(description) })),
      integrations: await Promise.all(
        ready.map(async ({ integration_id, name }) => ({
          integration: name,
          operations: await this.operationsOf(org_id, integration_id),
        })),
      ),
      tools: [
        ...builtinTools.map(({ name, description }) => ({ name, does: cut(description) })),
        ...tools.items.map(({ name, operations }) => ({
          name,
          operations: operations.map((one) => ({
            operation: one.operation,
            does: cut(one.description),
            risk: one.risk,
          })),
        })),
      ],
      flows: flows.items.map(({ flow_id, name, description }) => ({ flow_id, name, does: cut(description) })),
    };
  }

  private async operationsOf(org_id: string, integration_id: string) {
    const { operations } = await this.integrations.operations(org_id, integration_id, { limit: OPERATIONS_SHOWN });
    return operations.map(({ name, summary, risk }) => ({ operation: name, does: cut(summary), risk }));
  }
}

const NO_OBJECT: Fault = {
  ...{ path: '', code: 'schema', message: 'definition_json is not the text of a JSON object.' },
  suggestion: 'Write one complete JSON object.',
};

const cut = (text: string): string => text.slice(0, SUMMARY);

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
