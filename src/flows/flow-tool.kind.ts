import { Injectable } from '@nestjs/common';
import { ValidationError } from '../shared/domain-error.js';
import type { Credential } from '../tools/kinds/credentials.js';
import { type FlowToolConfig, flowToolSchema } from '../tools/kinds/tool-kinds.js';
import { type ToolCall, ToolKind, type ToolOperation } from '../tools/kinds/tool-kind.js';
import { ToolError } from '../tools/tool.js';
import { FlowsService } from './flows.service.js';
import { isFinal } from './runs/flow-run.js';
import { FlowRunStarts } from './runs/flow-run-starts.service.js';
import { FlowRunsService } from './runs/flow-runs.service.js';
import { mayWrite } from './runs/interpreter.js';

/** A published flow as a tool of agents: a call starts a run and waits for its end. */
@Injectable()
export class FlowToolKind extends ToolKind<FlowToolConfig> {
  readonly config_schema = flowToolSchema;

  constructor(
    private readonly flows: FlowsService,
    private readonly starts: FlowRunStarts,
    private readonly runs: FlowRunsService,
  ) {
    super();
  }

  /** One operation, which takes what the flow's input schema says. @throws FlowNotFoundError, FlowNotPublishedError */
  async discover(
    { name, description, org_id }: { name: string; description: string; org_id: string },
    { flow_id, version }: FlowToolConfig,
    credential: Credential | undefined,
  ): Promise<ToolOperation[]> {
    if (credential) throw ValidationError.field('credential', 'must be omitted: a flow needs no credential');
    const { graph, version: published } = await this.flows.newestRunnable(org_id, flow_id, version);
    const input_schema = { type: 'object', ...published.definition.input_schema };
    if (input_schema.type !== 'object')
      throw ValidationError.field('config.flow_id', 'names a flow whose input schema is not of type "object"');
    const risk = graph.all.some(({ step }) => mayWrite(step)) ? 'write' : 'read';
    return [{ name, operation: name, description, input_schema, risk, call: null }];
  }

  /**
   * The run's id and status, with its output when it has ended within `wait_seconds`. A run that goes on is not stopped.
   * @throws ToolError when the run has failed; what {@link FlowRunStarts.start} throws; the signal's reason when it is aborted
   */
  async call(
    _operation: ToolOperation,
    input: Record<string, unknown>,
    { tool_id, org_id, user_id, config, headers, signal, depth = 0, agent_id }: ToolCall<FlowToolConfig>,
  ): Promise<unknown> {
    const { flow_id, version, max_cost_usd, wait_seconds } = config;
    const { run } = await this.starts.start({
      ...{ org_id, user_id, flow_id, version, input, depth, max_cost_usd },
      idempotency_key: headers?.['idempotency-key'],
      trigger: { kind: 'agent', id: agent_id ?? tool_id },
    });
    const ended = await this.runs.wait(run, wait_seconds, signal);
    const { run_id, status, error } = ended;
    if (!isFinal(status))
      return {
        run_id,
        status,
        note: `The run is still in progress. GET /api/v1/flow-runs/${run_id} shows its status.`,
      };
    if (status !== 'completed')
      throw new ToolError(`The run ${run_id} ended as ${status}${error ? `: ${error.message}` : ''}`);
    const output = ended.output ? await this.starts.outputOf(org_id, run_id, ended.output) : null;
    return { run_id, status, output };
  }
}
