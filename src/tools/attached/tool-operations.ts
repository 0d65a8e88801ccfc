import { Injectable } from '@nestjs/common';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { ValidationError } from '../../shared/domain-error.js';
import { httpOperation } from '../http/http-tool.js';
import { McpTools } from '../mcp/mcp-tools.js';
import { OpenapiDocuments } from '../openapi/openapi-document.js';
import type { ToolOperation } from './attached-tool.js';
import { chosenOperations } from './chosen-operations.js';
import type { Credential, McpToolConfig, ToolConfig } from './tool-config.js';

/** Finds out what a tool can do, when it is attached. */
@Injectable()
export class ToolOperations {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly mcp: McpTools,
    private readonly documents: OpenapiDocuments,
  ) {}

  /** @throws ValidationError, OutgoingRefusedError */
  async discover(
    tool: { tool_id: string; name: string; description: string },
    config: ToolConfig,
    credential: Credential | undefined,
  ): Promise<ToolOperation[]> {
    switch (config.kind) {
      case 'http':
        return [httpOperation(this.outgoing, tool.name, tool.description, config)];
      case 'mcp':
        return chosen(await this.ofServer(tool, config, credential), config.operations);
      case 'openapi':
        return this.documents.operations(tool.name, config);
    }
  }

  private async ofServer(
    { tool_id, name }: { tool_id: string; name: string },
    config: McpToolConfig,
    credential: Credential | undefined,
  ): Promise<ToolOperation[]> {
    const { transport } = config;
    if (transport.type === 'streamable_http') this.outgoing.check(transport.url);
    else if (credential)
      throw ValidationError.field('credential', 'cannot be presented to a program: use streamable_http');
    return this.mcp.list(tool_id, name, config, credential);
  }
}

function chosen(operations: ToolOperation[], wanted: readonly string[] | undefined): ToolOperation[] {
  const answer = chosenOperations(operations, wanted);
  if ('problem' in answer) throw ValidationError.field(answer.field, answer.problem);
  return answer.kept;
}
