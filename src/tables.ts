import { AGENT_TABLES } from './agents/agents.tables.js';
import { BUDGET_TABLES } from './budgets/budgets.tables.js';
import { ENGINE_TABLES } from './engine/engine.tables.js';
import { EXPORT_TABLES } from './exports/exports.tables.js';
import { FLOW_TABLES } from './flows/flows.tables.js';
import { AUDIT_TABLES, IDENTITY_TABLES, MAIL_TABLES } from './identity/identity.tables.js';
import { DECISION_TABLES, PARTNERSHIP_TABLES } from './orchestration/orchestration.tables.js';
import { INTEGRATION_TABLES } from './integrations/integrations.tables.js';
import { INVOCATION_TABLES } from './invocations/invocations.tables.js';
import { EVENT_TABLES, IDEMPOTENCY_TABLES } from './platform/platform.tables.js';
import type { TableDefinition } from './platform/database/table-definition.js';
import { PROJECT_TABLES } from './projects/projects.tables.js';
import { SESSION_TABLES } from './sessions/sessions.tables.js';
import { STATISTICS_TABLES } from './statistics/statistics.tables.js';
import { CREDENTIAL_TABLES, ATTACHED_TOOL_TABLES } from './tools/tools.tables.js';

/** Every table of the platform; each feature defines its own. */
export const TABLES: TableDefinition[] = [
  ...ENGINE_TABLES,
  ...PROJECT_TABLES,
  ...AGENT_TABLES,
  ...INVOCATION_TABLES,
  ...SESSION_TABLES,
  ...STATISTICS_TABLES,
  ...ATTACHED_TOOL_TABLES,
  ...CREDENTIAL_TABLES,
  ...INTEGRATION_TABLES,
  ...IDEMPOTENCY_TABLES,
  ...EVENT_TABLES,
  ...IDENTITY_TABLES,
  ...MAIL_TABLES,
  ...AUDIT_TABLES,
  ...DECISION_TABLES,
  ...PARTNERSHIP_TABLES,
  ...BUDGET_TABLES,
  ...FLOW_TABLES,
  ...EXPORT_TABLES,
];
