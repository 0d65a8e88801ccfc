import type { ModelsService } from '../../models/models.service.js';
import { DomainError, ValidationError } from '../../shared/domain-error.js';
import { builtinTools } from '../../tools/builtin/index.js';
import type { DefinedTool } from '../../tools/tool-definition.js';
import { type AgentDefinition, agentDefinitionSchema } from '../agent-definition.js';

/** Throws {@link ValidationError} that names everything that keeps the definition from running here. */
export function checkDefinition(definition: AgentDefinition, models: ModelsService): void {
  const fields: Record<string, string[]> = {};
  const parsed = agentDefinitionSchema.safeParse(definition);
  for (const issue of parsed.error?.issues ?? [])
    (fields[issue.path.join('.') || 'definition'] ??= []).push(issue.message);
  const toolProblems = problemsOfTools(parsed.data?.tools ?? []);
  if (toolProblems.length > 0) (fields['tools'] ??= []).push(...toolProblems);
  const modelProblem = parsed.success ? problemOfModel(parsed.data.model_id, models) : undefined;
  if (modelProblem !== undefined) fields['model_id'] = [modelProblem];
  if (Object.keys(fields).length > 0)
    throw new ValidationError('The agent definition cannot run', { details: { fields } });
}

/** Attached tools come and go, so whether one is there shows at the run. */
function problemsOfTools(tools: readonly DefinedTool[]): string[] {
  const builtin = new Set(builtinTools.map(({ name }) => name));
  const written = new Set<string>();
  return tools.flatMap(({ kind, name }) => {
    if (kind === 'builtin') return builtin.has(name) ? [] : [`there is no tool "${name}"`];
    if (builtin.has(name)) return [`"${name}" is the name of a built-in tool`];
    if (written.has(name)) return [`there are two tools "${name}"`];
    written.add(name);
    return [];
  });
}

function problemOfModel(modelId: string | null, models: ModelsService): string | undefined {
  try {
    models.describe(modelId);
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
}
