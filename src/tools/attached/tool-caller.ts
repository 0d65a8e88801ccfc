import { Injectable } from '@nestjs/common';
import { SecretBox } from '../../platform/secrets/secret-box.js';
import { secretValues } from '../../shared/secret-values.js';
import { boundedOutput } from '../bounded-output.js';
import { HttpCaller } from '../http/http-caller.js';
import { InputCheck } from '../input-check.js';
import { McpTools } from '../mcp/mcp-tools.js';
import { ToolError } from '../tool.js';
import { type AttachedTool, credentialBinding, type ToolOperation } from './attached-tool.js';
import { type Credential, parseCredential } from './tool-config.js';

/** Calls an attached tool: input checked, credential presented, output bounded. */
@Injectable()
export class ToolCaller {
  constructor(
    private readonly inputs: InputCheck,
    private readonly http: HttpCaller,
    private readonly mcp: McpTools,
    private readonly secrets: SecretBox,
  ) {}

  /** Throws {@link ToolError} with a message for the model; the signal's reason when the caller went away. */
  async call(tool: AttachedTool, operation: ToolOperation, input: unknown, signal?: AbortSignal): Promise<unknown> {
    await this.inputs.require(operation.name, operation.input_schema, input);
    try {
      return secretValues.maskDeep(
        boundedOutput(await this.send(tool, operation, input as Record<string, unknown>, signal)),
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ToolError)
        throw new ToolError(`${operation.name} failed: ${error.message}`, { cause: error });
      throw new ToolError(`${operation.name} failed: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  private async send(
    tool: AttachedTool,
    { call, operation }: ToolOperation,
    input: Record<string, unknown>,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const credential = this.credentialOf(tool);
    if (call) return this.http.call(call, input, credential, signal);
    if (tool.config.kind !== 'mcp') throw new ToolError('the tool is stored without a way to call it');
    return this.mcp.call(tool.tool_id, tool.config, operation, input, { credential, signal });
  }

  private credentialOf(tool: AttachedTool): Credential | undefined {
    if (!tool.credential) return undefined;
    return parseCredential(JSON.parse(this.secrets.open(tool.credential.sealed, credentialBinding(tool))));
  }
}
