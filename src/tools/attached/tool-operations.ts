import { Injectable } from '@nestjs/common';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { Settings } from '../../platform/config/settings.js';
import { ValidationError } from '../../shared/domain-error.js';
import { httpOperation } from '../http/http-tool.js';
import { McpTools } from '../mcp/mcp-tools.js';
import { OpenapiDocuments } from '../openapi/openapi-document.js';
import { operationsOf, serverOf } from '../openapi/openapi-operations.js';
import type { ToolOperation } from './attached-tool.js';
import type { Credential, McpToolConfig, OpenapiToolConfig, ToolConfig } from './tool-config.js';

/** More would crowd everything else out of the model's view. */
export const OPERATIONS_MAX = 50;

/** Finds out what a tool can do, when it is attached. */
@Injectable()
export class ToolOperations {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly mcp: McpTools,
    private readonly documents: OpenapiDocuments,
    private readonly settings: Settings,
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
        return chosen(await this.ofDocument(tool.name, config), config.operations);
    }
  }

  private async ofServer(
    { tool_id, name }: { tool_id: string; name: string },
    config: McpToolConfig,
    credential: Credential | undefined,
  ): Promise<ToolOperation[]> {
    const { transport } = config;
    if (transport.type === 'streamable_http') this.outgoing.check(transport.url);
    else this.requireStdio(credential);
    return this.mcp.list(tool_id, name, config, credential);
  }

  private requireStdio(credential: Credential | undefined): void {
    const isAllowed = this.settings.get('NEXUS_ALLOW_STDIO_TOOLS') ?? !this.settings.isProduction;
    if (!isAllowed)
      throw ValidationError.field('config.transport.type', '"stdio" is off here (setting NEXUS_ALLOW_STDIO_TOOLS)');
    if (credential) throw ValidationError.field('credential', 'cannot be presented to a program: use streamable_http');
  }

  private async ofDocument(name: string, config: OpenapiToolConfig): Promise<ToolOperation[]> {
    const document = await this.documents.load(config);
    const server = serverOf(document, config);
    this.outgoing.check(server);
    return operationsOf(name, document, server);
  }
}

function chosen(operations: ToolOperation[], wanted: readonly string[] | undefined): ToolOperation[] {
  const unknown = (wanted ?? []).filter((name) => !operations.some(({ operation }) => operation === name));
  if (unknown.length > 0)
    throw ValidationError.field('config.operations', `names what is not there: ${unknown.join(', ')}`);
  const kept = wanted ? operations.filter(({ operation }) => wanted.includes(operation)) : operations;
  if (kept.length === 0) throw ValidationError.field('config', 'offers no operation');
  if (kept.length > OPERATIONS_MAX)
    throw ValidationError.field(
      'config.operations',
      `must choose at most ${OPERATIONS_MAX}; there are ${kept.length}: ${kept
        .slice(0, 20)
        .map(({ operation }) => operation)
        .join(', ')}...`,
    );
  return kept;
}
