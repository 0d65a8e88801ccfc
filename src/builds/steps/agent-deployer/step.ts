import { Injectable } from '@nestjs/common';
import type { Agent } from '../../../agents/agent.js';
import { AgentExamples } from '../../../agents/agent-examples.service.js';
import { AgentChangedError, AgentNotFoundError, AgentRevisionError } from '../../../agents/agents.errors.js';
import { AgentsService } from '../../../agents/agents.service.js';
import { Settings } from '../../../platform/config/settings.js';
import {
  type AgentDefinition,
  agentDefinitionSchema,
  type KnowledgeDocument,
} from '../../../runtimes/agent-definition.js';
import {
  AgentRunError,
  type AgentRuntime,
  type Deployment,
  type RuntimeKind,
} from '../../../runtimes/agent-runtime.js';
import { Runtimes } from '../../../runtimes/observed-runtimes.js';
import { Clock, elapsedMs } from '../../../shared/clock.js';
import type { Coverage } from '../../../shared/coverage.js';
import { PATHS } from '../../../stages/stage.js';
import { problemsOfTools } from '../../../tools/tool-definition.js';
import { coverageOf, isFunctional, proofsOf } from '../../requirement/coverage.js';
import { jsonArtifact, readDocument } from '../../step/documents.js';
import { BuildFault, defineStep, type StepContext, type StepResult } from '../../step/step.js';
import { planSchema } from '../orchestrator/prompt.js';
import { type AcceptanceExample, type Requirements, requirementsSchema } from '../requirements-analysis/prompt.js';
import { requirementNotProven } from '../requirements-analysis/review.js';
import { AcceptanceJudge, type AcceptanceRun, runAcceptance } from './acceptance.js';
import type { AcceptanceReport } from './prompt.js';

/** Checks the definition, runs the acceptance examples on the candidate, deploys and registers it. */
@Injectable()
export class AgentDeployer {
  constructor(
    private readonly runtimes: Runtimes,
    private readonly agents: AgentsService,
    private readonly saved: AgentExamples,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly judge: AcceptanceJudge,
  ) {}

  /** Idempotent per build: a second run deploys and registers the same version. */
  async run(context: StepContext): Promise<StepResult> {
    const { category } = readDocument(context, PATHS.plan, planSchema).agent;
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const definition = await this.candidate(context);
    const agent_id = `${context.project_id}:${definition.agent_name}`;
    const { report, run } = await this.accept(context, agent_id, definition, requirements);
    context.signal.throwIfAborted();
    const runtime = this.runtimes.get(this.settings.get('AGENT_RUNTIME'));
    const deployment = await this.deploy(context, runtime, agent_id, definition);
    context.log('info', `Deployed to the ${runtime.kind} runtime`);
    const placement = { runtime: runtime.kind, coverage: report.coverage, ...deployment };
    const agent = await this.register(context, definition, category, placement);
    context.log('info', `Registered ${agent.agent_id}, version ${agent.version}`);
    return {
      artifacts: [jsonArtifact(PATHS.acceptanceReport, report)],
      output_data: {
        agent_id: agent.agent_id,
        version: agent.version,
        runtime: runtime.kind,
        acceptance: { total: report.total, failed: report.failed },
        coverage: report.coverage,
      },
      model: run.model,
      usage: run.usage,
      cost_usd: run.cost_usd,
      tool_calls: run.tool_calls,
      agent_name: definition.agent_name,
      agent_ids: [agent.agent_id],
      ...(report.coverage === null ? {} : { coverage: report.coverage }),
    };
  }

  private async candidate(context: StepContext): Promise<AgentDefinition> {
    const stored = readDocument(context, PATHS.definition, agentDefinitionSchema);
    const knowledge = await this.knowledge(context, stored);
    const definition = { ...stored, knowledge };
    const problems = problemsOfTools(definition.tools);
    if (problems.length > 0)
      throw new BuildFault(`The definition names tools that it cannot have: ${problems.join('; ')}`, {
        details: { tools: problems },
      });
    context.log('info', `The definition of ${definition.agent_name} is valid`);
    return definition;
  }

  /** With the documents that people gave to the agent: they are too large for an artifact. */
  private async knowledge({ org_id, revision }: StepContext, built: AgentDefinition): Promise<KnowledgeDocument[]> {
    if (!revision || revision.kept_documents.length === 0) return built.knowledge;
    const { definition } = await this.agents.getAt(org_id, revision.agent_id);
    const kept = definition.knowledge.filter(({ name }) => revision.kept_documents.includes(name));
    const names = new Set(kept.map(({ name }) => name));
    return [...built.knowledge.filter(({ name }) => !names.has(name)), ...kept];
  }

  private async accept(
    context: StepContext,
    agentId: string,
    definition: AgentDefinition,
    { requirements, acceptance_examples }: Requirements,
  ): Promise<{ report: AcceptanceReport; run: AcceptanceRun }> {
    const saved = await this.savedExamples(context.org_id, agentId);
    const own = saved.length > 0 ? `, and ${saved.length} saved by users` : '';
    context.log('info', `Running ${acceptance_examples.length} acceptance examples${own}`);
    const started_at = this.clock.timestamp();
    const examples = [...acceptance_examples, ...saved];
    const tried = await runAcceptance(context, this.runtimes.get('local'), agentId, definition, examples);
    const { run, judged } = await this.judge.judge(context, tried);
    const failed = run.examples.filter((example) => !example.passed);
    const proofs = proofsOf(requirements, run.examples);
    const report: AcceptanceReport = {
      agent_name: definition.agent_name,
      model: run.model,
      passed: failed.length === 0 && judged?.is_met !== false,
      total: run.examples.length,
      failed: failed.length,
      judged,
      coverage: requirements.length === 0 ? null : coverageOf(proofs),
      requirements: proofs,
      started_at,
      duration_ms: elapsedMs(started_at, this.clock.timestamp()),
      examples: run.examples,
    };
    if (report.passed) {
      const isProven = proofs.length === 0 || proofs.some((one) => isFunctional(one) && one.status === 'proven');
      if (!isProven && !context.accept_unproven) {
        const artifacts = [jsonArtifact(PATHS.acceptanceReport, report)];
        throw requirementNotProven(proofs, this.judge.isOffline(context), { artifacts });
      }
      if (typeof report.coverage?.warning === 'string') context.log('warning', report.coverage.warning);
      return { report, run };
    }
    throw new BuildFault(shortcomings(report), {
      details: { report },
      suggestion: 'Read the report, then restart the build from scratch with a clearer requirement.',
      artifacts: [jsonArtifact(PATHS.acceptanceReport, report)],
    });
  }

  /** What people saved of conversations with the agent, when an earlier build made it. */
  private async savedExamples(org_id: string, agent_id: string): Promise<AcceptanceExample[]> {
    const saved = await this.saved.all(org_id, agent_id).catch((error: unknown) => {
      if (error instanceof AgentNotFoundError) return [];
      throw error;
    });
    return saved.map(({ example_id, input, checks }) => ({ id: example_id, input, checks, judged: null, proves: [] }));
  }

  private async deploy(
    context: StepContext,
    runtime: AgentRuntime,
    agent_id: string,
    definition: AgentDefinition,
  ): Promise<Deployment> {
    try {
      return await runtime.deploy(agent_id, definition, { signal: context.signal });
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof AgentRunError)) throw error;
      throw new BuildFault(`The agent could not be deployed: ${error.message}`, { transient: true, cause: error });
    }
  }

  private async register(
    context: StepContext,
    definition: AgentDefinition,
    category: string,
    placement: { runtime: RuntimeKind; coverage: Coverage | null } & Deployment,
  ): Promise<Agent> {
    const { org_id, user_id, project_id, build_id, tags } = context;
    const { agent_name, description } = definition;
    const registration = { org_id, user_id, project_id, agent_name, description, category, definition, build_id };
    try {
      const base = context.revision?.base_version_number;
      return await this.agents.register({ ...registration, ...placement, tags: [...tags] }, context.guard, base);
    } catch (error) {
      if (error instanceof AgentRevisionError)
        throw new BuildFault(`The agent ${agent_name} got another version while its change was being built`, {
          details: error.details,
          suggestion: 'Revise the agent again, with the same change.',
          cause: error,
        });
      if (!(error instanceof AgentChangedError)) throw error;
      throw new BuildFault(`The agent ${agent_name} was changed while it was being registered`, {
        transient: true,
        cause: error,
      });
    }
  }
}

function shortcomings({ failed, total, judged, examples }: AcceptanceReport): string {
  const ids = (isBad: (example: AcceptanceReport['examples'][number]) => boolean): string =>
    examples
      .filter(isBad)
      .map(({ id }) => id)
      .join(', ');
  if (failed > 0) return `${failed} of ${total} acceptance examples failed: ${ids(({ passed }) => !passed)}`;
  const bad = ids(({ verdict }) => verdict?.passed === false);
  return `Only ${judged?.passed ?? 0} of ${judged?.total ?? 0} judged answers passed; failed: ${bad}`;
}

export const step = defineStep({
  name: 'agent_deployer',
  uses: [AgentDeployer],
  provides: [AgentDeployer, AcceptanceJudge],
  run: (context, deployer) => deployer.run(context),
});
