import { runInNewContext } from 'node:vm';
import { Injectable } from '@nestjs/common';
import { BudgetExceededError } from '../../../budgets/budgets.errors.js';
import { ModelError } from '../../../models/model-error.js';
import { ModelsService } from '../../../models/models.service.js';
import { Settings } from '../../../platform/config/settings.js';
import type { AgentDefinition } from '../../../runtimes/agent-definition.js';
import { AgentRunError, type AgentResult, type AgentRuntime } from '../../../runtimes/agent-runtime.js';
import { addCost, addUsage, NO_USAGE, type Usage } from '../../../shared/usage.js';
import { clip } from '../../requirement/words.js';
import { DocumentWriter } from '../../step/documents.js';
import { BuildFault, type StepContext } from '../../step/step.js';
import type { AcceptanceCheck, AcceptanceExample } from '../requirements-analysis/prompt.js';
import { type ExampleReport, JUDGE_TASK, type JudgedSummary } from './prompt.js';

const REPORTED_OUTPUT_MAX = 2000;

export interface AcceptanceRun {
  examples: ExampleReport[];
  model: string | null;
  usage: Usage;
  cost_usd: number | null;
  tool_calls: number;
}

/**
 * Sends the candidate each example in turn. A run that reaches its step limit fails its example.
 * @throws BuildFault when the model fails or times out, because that says nothing about the agent; transient when another
 * attempt may succeed
 */
export async function runAcceptance(
  context: StepContext,
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

/** Adds the usage and cost of another model call. */
export function addRun(run: AcceptanceRun, spent: { usage: Usage; cost_usd: number | null }): AcceptanceRun {
  return { ...run, usage: addUsage(run.usage, spent.usage), cost_usd: addCost(run.cost_usd, spent.cost_usd) };
}

interface Outcome {
  result?: AgentResult;
  error?: string;
}

async function ask(
  context: StepContext,
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
      ...(context.meter ? { meter: context.meter } : {}),
      signal: context.signal,
    })) {
      if (event.type !== 'done') continue;
      context.spend?.(event.result);
      return { result: event.result };
    }
    return { error: 'The run ended without an answer.' };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof AgentRunError) context.spend?.({ model: null, usage: error.usage, cost_usd: error.cost_usd });
    if (error instanceof AgentRunError && error.cause instanceof BudgetExceededError) throw error.cause;
    if (error instanceof AgentRunError && error.reason === 'limit') return { error: error.message };
    if (!(error instanceof AgentRunError)) throw error;
    const transient = error.cause instanceof ModelError ? error.cause.transient : true;
    throw new BuildFault(`${example.id} could not be run: ${error.message}`, {
      transient,
      details: { ...error.details, example: example.id, reason: error.reason },
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
    proves: example.proves,
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

const OFFLINE = 'offline';

/**
 * Asks the language model to judge what no rule can check. Active when `ACCEPTANCE_JUDGED_PASS_MARK` is set and a model
 * other than the offline model is used.
 */
@Injectable()
export class AcceptanceJudge {
  constructor(
    private readonly writer: DocumentWriter,
    private readonly models: ModelsService,
    private readonly settings: Settings,
  ) {}

  isOffline({ model_id }: Pick<StepContext, 'model_id'>): boolean {
    return this.models.describe(model_id).provider === OFFLINE;
  }

  /** Adds a verdict to each example that asks for one. `judged` is null when nothing was judged. */
  async judge(context: StepContext, run: AcceptanceRun): Promise<{ run: AcceptanceRun; judged: JudgedSummary | null }> {
    const pass_mark = this.settings.get('ACCEPTANCE_JUDGED_PASS_MARK');
    const asked = run.examples.filter(({ judged, output }) => judged !== null && output !== null);
    if (pass_mark === undefined || asked.length === 0 || this.isOffline(context)) return { run, judged: null };
    const examples = asked.map(({ id, input, output, judged }) => ({ id, input, output, judged }));
    const { document, ...spent } = await this.writer.write(context, JUDGE_TASK, { examples });
    const verdicts = new Map(document.verdicts.map(({ id, passes, reason }) => [id, { passed: passes, reason }]));
    const judgedOnes = run.examples.map((example) => withVerdict(example, asked, verdicts));
    const passed = judgedOnes.filter(({ verdict }) => verdict?.passed === true).length;
    const share = passed / asked.length;
    context.log(share >= pass_mark ? 'info' : 'error', `${passed} of ${asked.length} judged answers passed`);
    return {
      run: { ...addRun(run, spent), examples: judgedOnes },
      judged: { pass_mark, total: asked.length, passed, is_met: share >= pass_mark },
    };
  }
}

type Verdict = NonNullable<ExampleReport['verdict']>;

/** An answer without a verdict does not pass. */
function withVerdict(
  example: ExampleReport,
  asked: readonly ExampleReport[],
  verdicts: ReadonlyMap<string, Verdict>,
): ExampleReport {
  if (!asked.includes(example)) return example;
  return { ...example, verdict: verdicts.get(example.id) ?? { passed: false, reason: 'No verdict was given.' } };
}

/** Patterns come from a language model. One that takes longer than this on one answer counts as not matching. */
const PATTERN_TIMEOUT_MS = 200;

export interface Answer {
  output: string;
  tools_used: readonly string[];
}

/** Whether an answer satisfies a check. Case and the amount of white space are ignored. */
export function satisfies({ output, tools_used }: Answer, { kind, value }: AcceptanceCheck): boolean {
  const wanted = value ?? '';
  switch (kind) {
    case 'non_empty':
      return output.trim() !== '';
    case 'contains':
      return comparable(output).includes(comparable(wanted));
    case 'not_contains':
      return !comparable(output).includes(comparable(wanted));
    case 'matches':
      return matches(output, wanted);
    case 'uses_tool':
      return tools_used.includes(wanted);
  }
}

function comparable(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** Runs under a time limit, which `RegExp.test` does not have: nested repetition can take exponential time. */
function matches(text: string, pattern: string): boolean {
  try {
    return (
      runInNewContext('new RegExp(pattern, "iu").test(text)', { pattern, text }, { timeout: PATTERN_TIMEOUT_MS }) ===
      true
    );
  } catch {
    return false;
  }
}
