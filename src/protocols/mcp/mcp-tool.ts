import type { CallToolResult, InputRequiredResult, ServerContext, Tool } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ValidationError } from '../../shared/domain-error.js';
import type { McpCaller } from './mcp-caller.js';

export interface McpTool {
  definition: Tool;
  /** @throws DomainError, which the model reads as the result of the call */
  call(
    caller: McpCaller,
    args: Record<string, unknown>,
    context: ServerContext,
  ): Promise<CallToolResult | InputRequiredResult>;
}

/** Where tools come from. Sources with more than one implementation: agents, imported APIs, the platform. */
export abstract class ToolSource {
  /** Bounded. */
  abstract list(caller: McpCaller): Promise<McpTool[]>;
  abstract find(caller: McpCaller, name: string): Promise<McpTool | undefined>;
}

const inputSchemas = new WeakMap<z.ZodType, Tool['inputSchema']>();

/** Translated once for each schema, not for each call. */
export function inputSchemaOf(schema: z.ZodType): Tool['inputSchema'] {
  const made = inputSchemas.get(schema) ?? (z.toJSONSchema(schema, { io: 'input' }) as Tool['inputSchema']);
  inputSchemas.set(schema, made);
  return made;
}

/** @throws ValidationError naming each wrong argument */
export function argumentsOf<S extends z.ZodType>(schema: S, args: Record<string, unknown>): z.infer<S> {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string[]> = {};
  for (const { path, message } of parsed.error.issues.slice(0, 20))
    (fields[path.join('.') || 'arguments'] ??= []).push(message);
  const first = Object.entries(fields).map(([name, reasons]) => `${name}: ${reasons.join(', ')}`);
  throw new ValidationError(`The arguments are not valid. ${first.join('; ')}`, { details: { fields } });
}
