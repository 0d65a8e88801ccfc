import { ModelError } from '../../../models/model-error.js';
import type { AgentDefinition } from '../../../runtimes/agent-definition.js';
import { AgentRunError } from '../../../runtimes/agent-run-error.js';
import type { AgentResult, AgentRuntime } from '../../../runtimes/agent-runtime.js';
import { addCost, addUsage, NO_USAGE, type Usage } from '../../../shared/usage.js';
import { BuildFault } from '../build-fault.js';
import { clip } from '../offline/sentences.js';
import type { AcceptanceExample } from '../requirements-analysis/acceptance.schema.js';
import type { StageContext } from '../stage-runner.js';
import { satisfies } from './acceptance-check.js';
import type { ExampleReport } from './agent-deployer.schema.js';

const REPORTED_OUTPUT_MAX = 2000;

export interface AcceptanceRun {
  examples: ExampleReport[];
  model: string | null;
  usage: Usage;
  cost_usd: number | null;
  tool_calls: number;
}

/**
 * Asks the candidate every example, one after the other. A run that uses up its steps fails its example; a model that
 * fails or is too slow says nothing about the agent and throws a transient {@link BuildFault}.
 */
export async function runAcceptance(
  context: StageContext,
  runtime: AgentRuntime,
  agentId: string,
  definition: AgentDefinition,
  examples: readonly AcceptanceExample[],
): Promise<AcceptanceRun> {
  const run: AcceptanceRun = { examples: [], model: null, usage: NO_USAGE, cost_usd: 0, tool_calls: 0 };
  for (const example of examples) {
    context.signal.throwIfAborted();
    const started = performance.now();
    const outcome = await ask(context, runtime, agentId, definition, example);
    const report = reportOn(example, outcome, Math.round(performance.now() - started));
    run.examples.push(report);
    run.model = outcome.result?.model ?? run.model;
    run.usage = addUsage(run.usage, outcome.result?.usage ?? NO_USAGE);
    run.cost_usd = addCost(run.cost_usd, outcome.result ? outcome.result.cost_usd : 0);
    run.tool_calls += report.tools_used.length;
    context.log(
      report.passed ? 'info' : 'error',
      `${example.id} ${report.passed ? 'passed' : `failed: ${faultsOf(report)}`}`,
    );
  }
  return run;
}

/** The run with what another model call took. */
export function addRun(run: AcceptanceRun, spent: { usage: Usage; cost_usd: number | null }): AcceptanceRun {
  return { ...run, usage: addUsage(run.usage, spent.usage), cost_usd: addCost(run.cost_usd, spent.cost_usd) };
}

interface Outcome {
  result?: AgentResult;
  error?: string;
}

async function ask(
  context: StageContext,
  runtime: AgentRuntime,
  agent_id: string,
  definition: AgentDefinition,
  example: AcceptanceExample,
): Promise<Outcome> {
  try {
    for await (const event of runtime.run({
      org_id: context.org_id,
      agent_id,
      session_id: `${context.build_id}-${example.id}`,
      definition,
      input: example.input,
      history: [],
      signal: context.signal,
    })) {
      if (event.type === 'done') return { result: event.result };
    }
    return { error: 'The run ended without an answer.' };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof AgentRunError && error.reason === 'limit') return { error: error.message };
    if (!(error instanceof AgentRunError)) throw error;
    const transient = error.cause instanceof ModelError ? error.cause.transient : true;
    throw new BuildFault(`${example.id} could not be run: ${error.message}`, {
      transient,
      details: { example: example.id, reason: error.reason },
      cause: error,
    });
  }
}

function reportOn(example: AcceptanceExample, { result, error }: Outcome, duration_ms: number): ExampleReport {
  const tools_used = (result?.steps ?? []).filter((step) => step.type === 'tool').map((step) => step.name);
  const checks = example.checks.map((check) => ({
    ...check,
    passed: result !== undefined && satisfies({ output: result.output, tools_used }, check),
  }));
  return {
    id: example.id,
    input: example.input,
    output: result === undefined ? null : clip(result.output, REPORTED_OUTPUT_MAX),
    error: error ?? null,
    tools_used,
    duration_ms,
    passed: checks.every((check) => check.passed),
    checks,
    judged: example.judged,
    verdict: null,
  };
}

function faultsOf(report: ExampleReport): string {
  if (report.error !== null) return report.error;
  return report.checks
    .filter((check) => !check.passed)
    .map((check) => (check.value === null ? check.kind : `${check.kind} "${clip(check.value, 80)}"`))
    .join(', ');
}
