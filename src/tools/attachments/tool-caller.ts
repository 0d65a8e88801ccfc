import { Injectable } from '@nestjs/common';
import type { Tool, ToolSet } from 'ai';
import { aiSdk } from '../../models/model-provider.js';
import { SecretBox } from '../../platform/secrets/secret-box.js';
import { ValidationError } from '../../shared/domain-error.js';
import { secretValues } from '../../shared/secret-values.js';
import { CredentialsService } from '../credentials/credentials.service.js';
import { InputCheck } from '../tool-workers.js';
import { type Credential, parseCredential } from '../kinds/credentials.js';
import type { ToolCall, ToolOperation } from '../kinds/tool-kind.js';
import { ToolKinds } from '../kinds/tool-kinds.js';
import { boundedOutput, ToolError, type ToolRun } from '../tool.js';
import { type AttachedTool, credentialBinding } from './attached-tool.js';
import { AttachedToolStore } from './attached-tool-store.js';
import type { ToolTrialDto } from './tools.dto.js';

const RISK_WORDS = {
  read: 'risk: read, changes nothing',
  write: 'risk: write, may change data of others',
  destructive: 'risk: destructive, may delete data; only when the user has clearly asked for it',
} as const;

type CallSettings = Partial<Pick<ToolCall<unknown>, 'signal' | 'headers' | 'agent_id' | 'depth'>>;

/** Calls attached tools, for an agent's run or as a trial: checks the input, presents the credential, bounds the output. */
@Injectable()
export class ToolCaller {
  constructor(
    private readonly attached: AttachedToolStore,
    private readonly inputs: InputCheck,
    private readonly kinds: ToolKinds,
    private readonly secrets: SecretBox,
    private readonly credentials: CredentialsService,
  ) {}

  /** The operations of the tools attached to the run's agent and to its project, as tools of the AI SDK. */
  async aiTools(run: ToolRun): Promise<ToolSet> {
    const all = await this.attached.ofAgent(run.org_id, run.agent_id);
    const tools = run.attached ? all.filter(run.attached) : all;
    const entries = tools.flatMap((tool) =>
      tool.operations.map(async (operation) => [operation.name, await this.aiTool(tool, operation, run)] as const),
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  /**
   * Calls a tool once, as an agent would.
   * @param wanted the service's name of the operation, or the name that the model calls; optional when there is only one
   * @throws ValidationError for an unknown operation
   */
  async try(tool: AttachedTool, wanted: string | undefined, input: unknown): Promise<ToolTrialDto> {
    const operation =
      wanted === undefined && tool.operations.length === 1
        ? tool.operations[0]
        : tool.operations.find((one) => one.operation === wanted || one.name === wanted);
    if (!operation)
      throw ValidationError.field(
        'operation',
        `must be one of: ${tool.operations.map((one) => one.operation).join(', ')}`,
      );
    const started = performance.now();
    const trial = (status: ToolTrialDto['status'], output: unknown, error: string | null): ToolTrialDto => ({
      operation: operation.operation,
      status,
      output,
      error,
      duration_ms: Math.round((performance.now() - started) * 100) / 100,
    });
    try {
      return trial('success', await this.call(tool, operation, input), null);
    } catch (error) {
      if (error instanceof ToolError) return trial('failed', null, error.message);
      throw error;
    }
  }

  private async aiTool(tool: AttachedTool, operation: ToolOperation, run: ToolRun): Promise<Tool> {
    const { jsonSchema } = await aiSdk();
    const { signal, agent_id, depth } = run;
    const call = { signal, agent_id, ...(depth === undefined ? {} : { depth }) };
    return {
      description: `${operation.description} (${RISK_WORDS[operation.risk]})`,
      inputSchema: jsonSchema<unknown>(operation.input_schema),
      ...(operation.risk === 'destructive' ? { needsApproval: true } : {}),
      execute: (input: unknown) => this.call(tool, operation, input, call),
    };
  }

  /**
   * Calls an operation for a caller that is no model: the output is whole, and the service's own error is thrown.
   * @param call headers are sent with HTTP calls only; `depth` says how many flows stand above the call
   * @throws ToolError, ServiceAnswerError for a status from 400 on; the signal's reason when it is aborted
   */
  async callWhole(
    tool: AttachedTool,
    operation: ToolOperation,
    input: unknown,
    call: CallSettings = {},
  ): Promise<unknown> {
    await this.inputs.require(operation.name, operation.input_schema, input, tool.org_id);
    return this.callChecked(tool, operation, input, call);
  }

  /** Throws {@link ToolError} with a message for the model; the signal's reason when it is aborted. */
  private async call(
    tool: AttachedTool,
    operation: ToolOperation,
    input: unknown,
    call: CallSettings = {},
  ): Promise<unknown> {
    await this.inputs.require(operation.name, operation.input_schema, input, tool.org_id);
    try {
      return boundedOutput(await this.callChecked(tool, operation, input, call));
    } catch (error) {
      call.signal?.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      throw new ToolError(`${operation.name} failed: ${reason}`, { cause: error });
    }
  }

  private async callChecked(
    tool: AttachedTool,
    operation: ToolOperation,
    input: unknown,
    call: CallSettings,
  ): Promise<unknown> {
    const { tool_id, org_id, config, credential_id, created_by: user_id } = tool;
    const credential = this.credentialOf(tool);
    const whole = { signal: undefined, ...call, tool_id, org_id, user_id, config, credential, credential_id };
    return secretValues.maskDeep(
      await this.kinds.get(config.kind).call(operation, input as Record<string, unknown>, whole),
    );
  }

  private credentialOf(tool: AttachedTool): Credential | undefined {
    const { org_id, tool_id, credential_id } = tool;
    if (credential_id !== undefined)
      return this.credentials.storedUse(org_id, credential_id, { actor: tool_id, used_for: tool_id });
    if (!tool.credential) return undefined;
    return parseCredential(JSON.parse(this.secrets.open(tool.credential.sealed, credentialBinding(tool))));
  }
}
