import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { z } from 'zod';
import { HttpToolKind } from './http/http.kind.js';
import { McpToolKind } from './mcp/mcp.kind.js';
import { OpenapiToolKind } from './openapi/openapi.kind.js';
import { parsedField } from '../credentials/stored-credential.js';
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

/** A published flow. Flows stand on a higher floor and register the kind themselves. */
export const flowToolSchema = z.strictObject({
  kind: z.literal('flow'),
  flow_id: z.string().min(1).max(100),
  /** The newest published one unless given. */
  version: z.number().int().min(1).optional(),
  /** How long a call waits for the end of the run. */
  wait_seconds: z.number().min(0).max(300).default(30),
  /** Of each run. */
  max_cost_usd: z.number().positive().max(1_000_000).optional(),
});

export type FlowToolConfig = z.infer<typeof flowToolSchema>;

interface RegisteredKinds {
  integration: IntegrationToolConfig;
  flow: FlowToolConfig;
}

export type ToolKindName = keyof typeof TOOL_KINDS | keyof RegisteredKinds;

export const TOOL_KIND_NAMES = [...Object.keys(TOOL_KINDS), 'integration', 'flow'] as ToolKindName[];

/** How a tool is reached. */
export type ToolConfig =
  | z.infer<InstanceType<(typeof TOOL_KINDS)[keyof typeof TOOL_KINDS]>['config_schema']>
  | RegisteredKinds[keyof RegisteredKinds];

@Injectable()
export class ToolKinds {
  private readonly registered = new Map<ToolKindName, ToolKind<ToolConfig>>();

  constructor(private readonly modules: ModuleRef) {}

  /** For a kind that is implemented above tools. Call it in the constructor of its module. */
  register<K extends keyof RegisteredKinds>(name: K, kind: ToolKind<RegisteredKinds[K]>): void {
    this.registered.set(name, kind);
  }

  get(kind: ToolKindName): ToolKind<ToolConfig> {
    if (kind in TOOL_KINDS) return this.modules.get<ToolKind<ToolConfig>>(TOOL_KINDS[kind as keyof typeof TOOL_KINDS]);
    const registered = this.registered.get(kind);
    if (!registered) throw new Error(`no module has registered the tool kind "${kind}"`);
    return registered;
  }

  /** @throws ValidationError that names each wrong field below `config`. */
  parseConfig(kind: ToolKindName, config: object): ToolConfig {
    return parsedField('config', this.get(kind).config_schema, { ...config, kind });
  }
}
