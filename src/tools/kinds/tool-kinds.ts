import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { z } from 'zod';
import { HttpToolKind } from './http/http.kind.js';
import { McpToolKind } from './mcp/mcp.kind.js';
import { OpenapiToolKind } from './openapi/openapi.kind.js';
import { parsedField } from '../credentials/presentation.js';
import { chosenOperationsSchema, TOOL_RISKS, type ToolKind } from './tool-kind.js';

/** Every kind of tool that can be attached, by the name that requests and stored tools give. */
export const TOOL_KINDS = {
  http: HttpToolKind,
  mcp: McpToolKind,
  openapi: OpenapiToolKind,
} as const;

/** Operations of an imported API. Integrations stand on a higher floor and register the kind itself. */
export const integrationToolSchema = z.strictObject({
  kind: z.literal('integration'),
  integration_id: z.string().min(1).max(100),
  /** Ids or names. */
  operations: chosenOperationsSchema,
  /** All operations of this risk, instead of chosen ones. */
  risk: z.enum(TOOL_RISKS).optional(),
});

export type IntegrationToolConfig = z.infer<typeof integrationToolSchema>;

export type ToolKindName = keyof typeof TOOL_KINDS | 'integration';

export const TOOL_KIND_NAMES = [...Object.keys(TOOL_KINDS), 'integration'] as ToolKindName[];

/** How a tool is reached. */
export type ToolConfig =
  z.infer<InstanceType<(typeof TOOL_KINDS)[keyof typeof TOOL_KINDS]>['config_schema']> | IntegrationToolConfig;

@Injectable()
export class ToolKinds {
  private registered: ToolKind<IntegrationToolConfig> | undefined;

  constructor(private readonly modules: ModuleRef) {}

  /** For the kind that is implemented above tools. Call it in the constructor of its module. */
  registerIntegrations(kind: ToolKind<IntegrationToolConfig>): void {
    this.registered = kind;
  }

  get(kind: ToolKindName): ToolKind<ToolConfig> {
    if (kind === 'integration') {
      if (!this.registered) throw new Error('the integrations have registered no kind');
      return this.registered;
    }
    return this.modules.get<ToolKind<ToolConfig>>(TOOL_KINDS[kind]);
  }

  /** @throws ValidationError that names each wrong field below `config`. */
  parseConfig(kind: ToolKindName, config: object): ToolConfig {
    return parsedField('config', this.get(kind).config_schema, { ...config, kind });
  }
}
