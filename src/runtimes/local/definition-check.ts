import type { ModelsService } from '../../models/models.service.js';
import { DomainError, ValidationError } from '../../shared/domain-error.js';
import { NO_USAGE } from '../../shared/usage.js';
import { problemsOfTools } from '../../tools/tool-definition.js';
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
  if (
    parsed.data?.limits.max_cost_usd !== undefined &&
    modelProblem === undefined &&
    !isPriced(parsed.data.model_id, models)
  )
    fields['limits.max_cost_usd'] = ['cannot be kept: the price of the model is not known (see MODEL_PRICES)'];
  if (Object.keys(fields).length > 0)
    throw new ValidationError('The agent definition cannot run', { details: { fields } });
}

function isPriced(modelId: string | null, models: ModelsService): boolean {
  return models.costOf(models.describe(modelId).id, NO_USAGE) !== null;
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
