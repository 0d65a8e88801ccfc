import { Injectable } from '@nestjs/common';
import type { CallToolResult } from '@modelcontextprotocol/server';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { actorOf } from '../../identity/principal.js';
import { type CallableOperation, OperationsService } from '../../integrations/operations.service.js';
import { IntegrationsService } from '../../integrations/integrations.service.js';
import { CachedReads } from '../../platform/async/cached-reads.js';
import type { McpCaller } from './mcp-caller.js';
import { type McpTool, ToolSource } from './mcp-tool.js';

const INTEGRATIONS_MAX = 20;
/** How old the list of an organization's operations may be, in milliseconds. */
const LIST_MS = 3_000;
const NAME_MAX = 64;
const DESCRIPTION_MAX = 1_000;

/**
 * Operations of imported APIs: up to 50 of each of the 20 newest integrations. A call is that of
 * `POST /integrations/{id}/operations/{id}/call`: same rights, guard, credential of the integration and entry of the audit log.
 */
@Injectable()
export class OperationTools extends ToolSource {
  private readonly lists = new CachedReads({ fresh_ms: LIST_MS / 2, stale_ms: LIST_MS });

  constructor(
    private readonly integrations: IntegrationsService,
    private readonly operations: OperationsService,
    private readonly audit: AuditLog,
  ) {
    super();
  }

  async list({ agent_id, principal: { org_id } }: McpCaller): Promise<McpTool[]> {
    return agent_id === undefined ? this.lists.read(org_id, () => this.read(org_id)) : [];
  }

  async find(caller: McpCaller, name: string): Promise<McpTool | undefined> {
    return (await this.list(caller)).find(({ definition }) => definition.name === name);
  }

  private async read(org_id: string): Promise<McpTool[]> {
    const { items } = await this.integrations.list(org_id, { limit: INTEGRATIONS_MAX });
    const ready = items.filter(({ status, version }) => status !== 'deleting' && version > 0);
    const tools = await Promise.all(
      ready.map(async (integration) => {
        const { name, integration_id } = integration;
        const operations = await this.operations.callable(integration);
        return operations.map((operation) =>
          this.tool(`${words(name)}_${words(operation.name)}`, integration_id, operation),
        );
      }),
    );
    return tools.flat();
  }

  private tool(name: string, integration_id: string, operation: CallableOperation): McpTool {
    const { operation_id, method, path, summary, description, risk, idempotent, input_schema } = operation;
    const title = summary || `${method} ${path}`;
    return {
      definition: {
        name: name.slice(0, NAME_MAX),
        title,
        description: (description || title).slice(0, DESCRIPTION_MAX),
        inputSchema: { ...input_schema, type: 'object' },
        annotations: {
          title,
          readOnlyHint: risk === 'read',
          destructiveHint: risk === 'destructive',
          idempotentHint: idempotent,
          openWorldHint: true,
        },
        _meta: { 'nexus/integration_id': integration_id, 'nexus/operation_id': operation_id },
      },
      call: (caller, input) => this.call(caller, integration_id, operation_id, input),
    };
  }

  private async call(
    { principal, signal }: McpCaller,
    integration_id: string,
    operation: string,
    input: Record<string, unknown>,
  ): Promise<CallToolResult> {
    const { org_id } = principal;
    const actor = actorOf(principal);
    const fact = { org_id, actor, action: 'integration.operation_called', target: integration_id } as const;
    try {
      const result = await this.operations.call({ org_id, integration_id, operation, input, actor, signal });
      const { operation_id, method, path, status, pages, body, mismatches } = result;
      await this.audit.record({ ...fact, outcome: 'success', details: { operation_id, method, path, status, pages } });
      const structuredContent = { status, body, mismatches };
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return { content: [{ type: 'text', text }], structuredContent, ...(status >= 400 ? { isError: true } : {}) };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL_ERROR';
      this.audit.note({ ...fact, outcome: 'failed', details: { operation, code } });
      throw error;
    }
  }
}

const words = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_|_$/g, '');
