import type { LanguageModelV4 } from '@ai-sdk/provider';
import { ModelProvider } from '../../src/models/model-provider.js';
import { ModelsService } from '../../src/models/models.service.js';
import { OfflineProvider, OfflineWriters } from '../../src/models/offline/offline-model.js';
import { parseSettings } from '../../src/platform/config/load-settings.js';
import { Clock } from '../../src/shared/clock.js';
import { BuiltinToolKind } from '../../src/tools/kinds/builtin/builtin.kind.js';
import { ToolResolver } from '../../src/tools/tool-resolver.js';
import {
  type AgentDefinition,
  type AgentDefinitionInput,
  agentDefinitionSchema,
} from '../../src/runtimes/agent-definition.js';
import type { AgentEvent, AgentResult, AgentRun, AgentRuntime } from '../../src/runtimes/agent-runtime.js';
import { LocalRuntime } from '../../src/runtimes/local/local-runtime.js';
import { ModelMetrics } from '../../src/models/observed-model.js';
import { Metrics } from '../../src/platform/observability/metrics.js';

class FixedClock extends Clock {
  override now(): Date {
    return new Date('2026-03-05T10:00:00.000Z');
  }
}

class OneModel extends ModelProvider {
  override readonly name = 'offline';
  override readonly defaultModelId: string;

  constructor(private readonly model: LanguageModelV4) {
    super();
    this.defaultModelId = model.modelId;
  }

  override serves(): boolean {
    return true;
  }

  override languageModel(): LanguageModelV4 {
    return this.model;
  }
}

/** A local runtime over the offline model, or over the given one. */
export function localRuntime(model?: LanguageModelV4): LocalRuntime {
  const provider = model ? new OneModel(model) : new OfflineProvider(new OfflineWriters());
  return new LocalRuntime(
    new ModelsService(parseSettings({ ENVIRONMENT: 'test' }), [provider], new ModelMetrics(new Metrics())),
    ToolResolver.standalone(),
    new FixedClock(),
  );
}

export function definition(changes: Partial<AgentDefinitionInput> = {}): AgentDefinition {
  const tools = new BuiltinToolKind().list().map(({ name }) => ({ name, kind: 'builtin' as const }));
  const all = tools.filter(({ name }) => name !== 'knowledge_lookup');
  const base: AgentDefinitionInput = {
    schema_version: '1',
    agent_name: 'budget-helper',
    display_name: 'Budget Helper',
    description: 'Helps with money.',
    role: 'a budget assistant',
    system_prompt: 'You are a budget assistant.',
    tools: all,
  };
  return agentDefinitionSchema.parse({ ...base, ...changes });
}

export async function eventsOf(runtime: AgentRuntime, run: Partial<AgentRun>): Promise<AgentEvent[]> {
  const events: AgentEvent[] = [];
  for await (const event of runtime.run({
    org_id: 'acme',
    session_id: 'sess_1',
    agent_id: 'proj_1:budget-helper',
    definition: definition(),
    input: '',
    history: [],
    ...run,
  }))
    events.push(event);
  return events;
}

export async function resultOfRun(runtime: AgentRuntime, run: Partial<AgentRun>): Promise<AgentResult> {
  const last = (await eventsOf(runtime, run)).at(-1);
  if (last?.type !== 'done') throw new Error(`The run ended with ${last?.type ?? 'nothing'}`);
  return last.result;
}

/** Says the messages one after the other in one session and returns the answers. */
export async function converse(messages: readonly string[], changes: Partial<AgentRun> = {}): Promise<string[]> {
  const runtime = localRuntime();
  const history: AgentRun['history'] = [];
  const answers: string[] = [];
  for (const input of messages) {
    const { output } = await resultOfRun(runtime, { ...changes, input, history: [...history] });
    history.push({ role: 'user', content: input }, { role: 'assistant', content: output });
    answers.push(output);
  }
  return answers;
}
