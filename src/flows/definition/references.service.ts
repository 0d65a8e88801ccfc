import { Injectable } from '@nestjs/common';
import { AgentsService } from '../../agents/agents.service.js';
import type { Integration } from '../../integrations/integration.js';
import { IntegrationsService } from '../../integrations/integrations.service.js';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import { DomainError } from '../../shared/domain-error.js';
import { AttachedToolStore } from '../../tools/attachments/attached-tool-store.js';
import type { AttachedTool } from '../../tools/attachments/attached-tool.js';
import { InputCheck } from '../../tools/tool-workers.js';
import { BuiltinToolKind } from '../../tools/kinds/builtin/builtin.kind.js';
import type { FlowReferences } from '../flow.js';
import { FlowsRepository } from '../flows.repository.js';
import type { Fault, FaultCode } from './definition-check.js';
import type { Compensation, FlowDefinition, FlowStep } from './definition.js';
import { FlowGraph } from './flow-graph.js';

/** A step or what undoes it, as far as it reaches outside of the flow. */
type Reaching = Pick<FlowStep, 'call' | 'tool' | 'agent' | 'http' | 'webhook'> & Partial<Pick<FlowStep, 'flow'>>;

/** What has been looked up so far, so that a name is looked up once. */
interface Found {
  tools: AttachedTool[];
  integrations: Map<string, Integration[]>;
  agents: Map<string, boolean>;
  flows: Map<string, string | undefined>;
}

export interface Publishable {
  references: FlowReferences;
  faults: Fault[];
}

/** The rules that a flow must keep to be published, and what the names in it refer to. */
@Injectable()
export class FlowReferencesService {
  constructor(
    private readonly tools: AttachedToolStore,
    private readonly catalogue: BuiltinToolKind,
    private readonly integrations: IntegrationsService,
    private readonly agents: AgentsService,
    private readonly flows: FlowsRepository,
    private readonly outgoing: OutgoingHttp,
    private readonly schemas: InputCheck,
  ) {}

  /** @param definition one without faults of form and order */
  async check(org_id: string, definition: FlowDefinition): Promise<Publishable> {
    const { all } = new FlowGraph(definition);
    const usesTools = all.some(({ step }) => [step, step.compensate].some((one) => one?.call ?? one?.tool));
    const found: Found = {
      tools: usesTools ? await this.tools.byOrg(org_id) : [],
      integrations: new Map(),
      agents: new Map(),
      flows: new Map(),
    };
    const references: FlowReferences = { tools: {} };
    const faults = [...settingFaults(definition), ...(await this.schemaFaults(org_id, definition))];
    for (const { step, path } of all) {
      const writes = await this.look(org_id, step, path, found, references, faults);
      if (writes) faults.push(...writeFaults(step, path));
      if (step.compensate)
        await this.look(org_id, reachingOf(step.compensate), `${path}.compensate`, found, references, faults);
    }
    return { references, faults };
  }

  private async schemaFaults(org_id: string, { input_schema }: FlowDefinition): Promise<Fault[]> {
    if (!input_schema) return [];
    const problem = await this.schemas.problemOf(input_schema, org_id);
    const isObject = input_schema['type'] === undefined || input_schema['type'] === 'object';
    const message = problem ?? (isObject ? undefined : 'its type is not "object"');
    if (message === undefined) return [];
    return [
      faultOf('input_schema', 'input_schema', `The input schema is not valid: ${message}.`, 'Correct the schema.'),
    ];
  }

  /** Looks everything up that a step names. @returns whether the step may change something outside of the platform */
  private async look(
    org_id: string,
    step: Reaching,
    path: string,
    found: Found,
    references: FlowReferences,
    faults: Fault[],
  ): Promise<boolean> {
    const { call, tool, agent, flow, http, webhook } = step;
    if (call) return this.lookCall(org_id, `${path}.call`, call, found, references, faults);
    if (tool) {
      if (this.catalogue.find(tool.name)) return false;
      return this.lookTool(`${path}.tool`, tool.name, tool.operation, found, references, faults);
    }
    if (agent) await this.lookAgent(org_id, `${path}.agent.agent_id`, agent.agent_id, found, faults);
    if (flow) await this.lookFlow(org_id, `${path}.flow.flow_id`, flow.flow_id, found, faults);
    if (http) this.lookAddress(`${path}.http.url`, http.url, faults);
    if (webhook) this.lookAddress(`${path}.webhook.url`, webhook.url, faults);
    return webhook !== undefined || (http !== undefined && http.method !== 'GET' && http.method !== 'HEAD');
  }

  /** An integration, or an attached OpenAPI document of the same name. */
  private async lookCall(
    org_id: string,
    path: string,
    { integration: name, operation }: NonNullable<Reaching['call']>,
    found: Found,
    references: FlowReferences,
    faults: Fault[],
  ): Promise<boolean> {
    const named = found.integrations.get(name) ?? (await this.integrations.findNamed(org_id, name));
    found.integrations.set(name, named);
    const [integration] = named;
    if (!integration) return this.lookTool(path, name, operation, found, references, faults, 'openapi');
    if (named.length > 1) {
      const ids = named.slice(0, 20).map(({ integration_id }) => integration_id);
      const problem = `${named.length} integrations are called "${name}".`;
      faults.push(
        faultOf(`${path}.integration`, 'reference', problem, `Name it by its id. Use one of: ${ids.join(', ')}.`),
      );
      return false;
    }
    const { integration_id } = integration;
    try {
      const { operation_id, risk } = await this.integrations.operation(org_id, integration_id, operation);
      const known = ((references.integrations ??= {})[name] ??= { integration_id, operation_ids: [] });
      if (!known.operation_ids.includes(operation_id)) known.operation_ids.push(operation_id);
      return risk !== 'read';
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'DATABASE_ERROR') throw error;
      const suggestion = `GET /api/v1/integrations/${integration_id}/operations lists its operations.`;
      faults.push(faultOf(`${path}.operation`, 'reference', `${error.message}: "${operation}".`, suggestion));
      return false;
    }
  }

  private lookTool(
    path: string,
    name: string,
    operation: string | undefined,
    { tools }: Found,
    references: FlowReferences,
    faults: Fault[],
    kind?: AttachedTool['config']['kind'],
  ): boolean {
    const field = kind === undefined ? 'name' : 'integration';
    const fitting = tools.filter((tool) => kind === undefined || tool.config.kind === kind);
    const named = fitting.filter((tool) => tool.tool_id === name || tool.name === name);
    const [tool] = named;
    if (!tool || named.length > 1) {
      const problem = tool ? `${named.length} tools are called "${name}".` : `There is no ${WORDS[field]} "${name}".`;
      const ids = (tool ? named : fitting).slice(0, 20).map((one) => `${one.name} (${one.tool_id})`);
      const choice = ids.length === 0 ? ATTACH[field] : `Use one of: ${ids.join(', ')}.`;
      faults.push(faultOf(`${path}.${field}`, 'reference', problem, tool ? `Name it by its id. ${choice}` : choice));
      return false;
    }
    references.tools[name] = tool.tool_id;
    const known = tool.operations.filter((one) => one.operation === operation || one.name === operation);
    const [used] = operation === undefined && tool.operations.length === 1 ? tool.operations : known;
    if (used) return used.risk !== 'read';
    const operations = tool.operations.map((one) => one.operation).slice(0, 20);
    faults.push(
      faultOf(
        `${path}.operation`,
        'reference',
        operation === undefined ? `"${name}" has several operations.` : `"${name}" has no operation "${operation}".`,
        `Use one of: ${operations.join(', ')}.`,
      ),
    );
    return false;
  }

  private async lookAgent(org_id: string, path: string, agent_id: string, { agents }: Found, faults: Fault[]) {
    const exists = agents.get(agent_id) ?? (await this.agents.findById(org_id, agent_id)) !== undefined;
    agents.set(agent_id, exists);
    if (!exists)
      faults.push(
        faultOf(path, 'reference', `There is no agent "${agent_id}".`, 'GET /api/v1/agents lists the agents.'),
      );
  }

  private async lookFlow(org_id: string, path: string, flow_id: string, { flows }: Found, faults: Fault[]) {
    if (!flows.has(flow_id)) {
      const flow = await this.flows.findById(org_id, flow_id);
      const isMissing = flow === undefined ? 'does not exist' : undefined;
      const cannotRun = flow?.version === null || flow?.status === 'archived' ? 'is not published' : undefined;
      flows.set(flow_id, isMissing ?? cannotRun);
    }
    const problem = flows.get(flow_id);
    if (problem !== undefined)
      faults.push(faultOf(path, 'reference', `The flow "${flow_id}" ${problem}.`, 'Name a published flow.'));
  }

  /** An address with expressions is checked when it is called. */
  private lookAddress(path: string, url: string, faults: Fault[]): void {
    if (url.includes('${{')) return;
    try {
      this.outgoing.check(url);
    } catch (error) {
      if (!(error instanceof OutgoingRefusedError)) throw error;
      faults.push(
        faultOf(
          path,
          'reference',
          `The platform does not call this address: ${error.message}.`,
          'Use an http or https address that is reachable from the internet.',
        ),
      );
    }
  }
}

const WORDS = { name: 'tool', integration: 'integration' } as const;
const ATTACH = {
  name: 'Attach it first with POST /api/v1/tools.',
  integration: 'Import it first with POST /api/v1/integrations.',
} as const;

function settingFaults({ timeout_seconds, dead_letters }: FlowDefinition): Fault[] {
  return [
    ...(timeout_seconds === undefined
      ? [
          faultOf(
            'timeout_seconds',
            'timeout',
            'The flow has no time limit.',
            'Set timeout_seconds, 1 second to 30 days.',
          ),
        ]
      : []),
    ...(dead_letters
      ? []
      : [faultOf('dead_letters', 'dead_letters', 'Failed runs would be lost.', 'Remove "dead_letters: false".')]),
  ];
}

function writeFaults({ id, idempotency_key, retry }: FlowStep, path: string): Fault[] {
  return [
    ...(idempotency_key === undefined
      ? [
          faultOf(
            `${path}.idempotency_key`,
            'idempotency_key',
            `"${id}" writes, but has no idempotency_key: a retry could repeat its effect.`,
            'Give it an idempotency_key that names the effect, such as "refund-${{ input.order_id }}".',
          ),
        ]
      : []),
    ...(retry
      ? []
      : [
          faultOf(
            `${path}.retry`,
            'retry',
            `"${id}" writes and is never retried.`,
            'Give it a retry, such as {max_attempts: 5}.',
          ),
        ]),
  ];
}

const reachingOf = ({ call, tool, agent, http, webhook }: Compensation): Reaching => ({
  call,
  tool,
  agent,
  http,
  webhook,
});

const faultOf = (path: string, code: FaultCode, message: string, suggestion: string): Fault => ({
  ...{ path, code, message, suggestion },
});
