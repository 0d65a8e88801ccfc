import { Injectable } from '@nestjs/common';
import { ValidationError } from '../shared/domain-error.js';
import type { Credential } from '../tools/kinds/credentials.js';
import { type IntegrationToolConfig, integrationToolSchema } from '../tools/kinds/tool-kinds.js';
import { operationName, type ToolCall, ToolKind, type ToolOperation } from '../tools/kinds/tool-kind.js';
import { ToolError } from '../tools/tool.js';
import { CatalogueWorkers } from './catalogue-workers.js';
import { IntegrationsService } from './integrations.service.js';
import { OperationsService } from './operations.service.js';

/** Characters of JSON of one input schema: more would crowd the model's context. */
const SCHEMA_MAX = 12_000;
const OPERATIONS_MAX = 50;
const ERROR_EXCERPT = 500;

/** Operations of an imported API as tools of agents. */
@Injectable()
export class IntegrationToolKind extends ToolKind<IntegrationToolConfig> {
  readonly config_schema = integrationToolSchema;

  constructor(
    private readonly integrations: IntegrationsService,
    private readonly operations: OperationsService,
    private readonly workers: CatalogueWorkers,
  ) {
    super();
  }

  async discover(
    { name, org_id }: { name: string; org_id: string },
    { integration_id, operations: wanted, risk }: IntegrationToolConfig,
    credential: Credential | undefined,
  ): Promise<ToolOperation[]> {
    if (credential && credential.type !== 'stored')
      throw ValidationError.field('credential', 'must be a stored credential: give credential_id');
    if (wanted === undefined && risk === undefined)
      throw ValidationError.field('operations', 'is required unless risk is given');
    if (wanted !== undefined && risk !== undefined)
      throw ValidationError.field('operations', 'must not be combined with risk');
    const integration = await this.integrations.getReady(org_id, integration_id);
    const catalogue = this.integrations.catalogueOf(integration);
    const chosen = await this.workers.ask('choose', [catalogue], { wanted, risk, schema_max: SCHEMA_MAX });
    if (chosen.unknown.length > 0)
      throw ValidationError.field(
        'operations',
        `names operations that cannot be called: ${chosen.unknown.slice(0, 20).join(', ')}`,
      );
    if (chosen.total === 0) throw ValidationError.field('risk', 'selects no operation');
    if (chosen.total > OPERATIONS_MAX)
      throw ValidationError.field('operations', `must choose at most ${OPERATIONS_MAX}; there are ${chosen.total}`);
    return chosen.operations.map((one) => ({
      name: operationName(name, one.name),
      operation: one.operation_id,
      description:
        [one.summary, one.description]
          .filter((text) => text !== '')
          .join('. ')
          .slice(0, 1_000) || `${one.method} ${one.path}`,
      input_schema: one.input_schema,
      risk: one.risk,
      call: null,
    }));
  }

  /** Throws {@link ToolError}, also for statuses from 400 on. */
  async call(
    { operation }: ToolOperation,
    input: Record<string, unknown>,
    { tool_id, org_id, config, credential_id, signal }: ToolCall<IntegrationToolConfig>,
  ): Promise<unknown> {
    const { integration_id } = config;
    const call = { org_id, integration_id, operation, input, actor: tool_id, credential_id, signal };
    const { status, body, mismatches } = await this.operations.call(call);
    if (status >= 400)
      throw new ToolError(
        `The service returned ${status}: ${(typeof body === 'string' ? body : JSON.stringify(body)).slice(0, ERROR_EXCERPT)}`,
      );
    return { status, body, ...(mismatches.length > 0 ? { mismatches: mismatches.slice(0, 5) } : {}) };
  }
}
