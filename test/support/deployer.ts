import type { AgentExample } from '../../src/agents/agent-example.js';
import type { AgentExamples } from '../../src/agents/agent-examples.service.js';
import type { AgentsService } from '../../src/agents/agents.service.js';
import { DocumentWriter } from '../../src/builds/step/documents.js';
import { offlineWriters } from '../../src/builds/step/step.js';
import { AcceptanceJudge } from '../../src/builds/steps/agent-deployer/acceptance.js';
import { AgentDeployer } from '../../src/builds/steps/agent-deployer/step.js';
import * as STEPS from '../../src/builds/steps/steps.js';
import { ModelsService } from '../../src/models/models.service.js';
import { OfflineProvider, OfflineWriters } from '../../src/models/offline/offline-model.js';
import { parseSettings } from '../../src/platform/config/load-settings.js';
import type { AgentRuntime } from '../../src/runtimes/agent-runtime.js';
import { LocalRuntime } from '../../src/runtimes/local/local-runtime.js';
import { Runtimes } from '../../src/runtimes/observed-runtimes.js';
import { Clock } from '../../src/shared/clock.js';
import { ToolResolver } from '../../src/tools/tool-resolver.js';
import { ModelMetrics } from '../../src/models/observed-model.js';
import { Metrics } from '../../src/platform/observability/metrics.js';

export type Registration = Parameters<AgentsService['register']>[0];

/** The platform's own models with the writers of the build steps. */
export function offlineModels(): ModelsService {
  const writers = new OfflineWriters();
  for (const [name, writer] of offlineWriters(STEPS)) writers.register(name, writer);
  return new ModelsService(
    parseSettings({ ENVIRONMENT: 'test' }),
    [new OfflineProvider(writers)],
    new ModelMetrics(new Metrics()),
  );
}

/**
 * The deployer over a real local runtime; only the registry is a list.
 * @param examples that people saved
 */
export function deployer(
  runtime: AgentRuntime = new LocalRuntime(offlineModels(), ToolResolver.standalone(), new Clock()),
  examples: Pick<AgentExample, 'example_id' | 'input' | 'checks'>[] = [],
) {
  const registered: Registration[] = [];
  const register = async (registration: Registration) => {
    registered.push(registration);
    return { agent_id: `${registration.project_id}:${registration.agent_name}`, version: 'v1.0.0' };
  };
  const models = offlineModels();
  const judge = new AcceptanceJudge(new DocumentWriter(models), models, parseSettings({ ENVIRONMENT: 'test' }));
  const agents = { register } as unknown as AgentsService;
  const saved = { all: async () => examples } as unknown as AgentExamples;
  return {
    runner: new AgentDeployer(
      new Runtimes([runtime]),
      agents,
      saved,
      parseSettings({ ENVIRONMENT: 'test' }),
      new Clock(),
      judge,
    ),
    registered,
  };
}
