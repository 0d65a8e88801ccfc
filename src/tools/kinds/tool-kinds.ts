import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { z } from 'zod';
import { HttpToolKind } from './http/http.kind.js';
import { McpToolKind } from './mcp/mcp.kind.js';
import { OpenapiToolKind } from './openapi/openapi.kind.js';
import { parsedField } from './credentials.js';
import type { ToolKind } from './tool-kind.js';

/** Every kind of tool that can be attached, by the name that requests and stored tools give. */
export const TOOL_KINDS = {
  http: HttpToolKind,
  mcp: McpToolKind,
  openapi: OpenapiToolKind,
} as const;

export type ToolKindName = keyof typeof TOOL_KINDS;

export const TOOL_KIND_NAMES = Object.keys(TOOL_KINDS) as ToolKindName[];

/** How a tool is reached. */
export type ToolConfig = z.infer<InstanceType<(typeof TOOL_KINDS)[ToolKindName]>['config_schema']>;

@Injectable()
export class ToolKinds {
  constructor(private readonly modules: ModuleRef) {}

  get(kind: ToolKindName): ToolKind<ToolConfig> {
    return this.modules.get<ToolKind<ToolConfig>>(TOOL_KINDS[kind]);
  }

  /** @throws ValidationError that names each wrong field below `config`. */
  parseConfig(kind: ToolKindName, config: object): ToolConfig {
    return parsedField('config', this.get(kind).config_schema, { ...config, kind });
  }
}
