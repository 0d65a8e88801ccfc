import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { OfflineWriter } from '../../models/offline/offline-model.js';
import type { Write } from '../../platform/database/unit-of-work.js';
import type { LogLevel } from '../../projects/project.js';
import type { RevisionBrief } from '../../projects/project-revision.js';
import { DomainError, type DomainErrorOptions } from '../../shared/domain-error.js';
import type { Coverage } from '../../shared/coverage.js';
import { addCost, addUsage, NO_USAGE, type Usage } from '../../shared/usage.js';
import type { StageName, StepName, StepPlace } from '../../stages/stage.js';
import { slugOf } from '../requirement/words.js';
import type { DocumentTask } from './document-task.js';

/** What a step works on. It carries no service: a step names the services that it uses. */
export interface StepContext {
  org_id: string;
  user_id: string;
  project_id: string;
  build_id: string;
  project_name: string;
  /** With the changes that revisions have made. */
  requirement: string;
  /** The changes at the end of `requirement`, oldest first. Absent if nothing was changed. */
  changes?: readonly string[];
  /** The change that this build makes to an agent. Absent for a build from the requirement alone. */
  revision?: RevisionBrief;
  agent_name?: string;
  agent_name_map?: Partial<Record<StageName, string>>;
  tags: string[];
  priority: number;
  /** The project's model, which the agent gets too; null for the platform's. */
  model_id: string | null;
  /** Build the agent even when no functional requirement can be proven. */
  accept_unproven: boolean;
  /** What the earlier steps of this build have stored: path → content. */
  artifacts: ReadonlyMap<string, string>;
  /** Adds a line to the live log of the build. */
  log(level: LogLevel, message: string): void;
  /** Part of the transaction that registers an agent: it fails when this build is no longer the project's running one. */
  guard?: Write[];
  /** Counts the calls of a model on the budgets of the build. */
  meter?: (model: LanguageModelV4) => LanguageModelV4;
  /** Records the cost of a model call, so that it counts even if the step fails later. */
  spend?: (spent: Spent) => void;
  signal: AbortSignal;
}

export interface StepArtifact {
  path: string;
  content_type: string;
  content: string;
}

/** Usage and cost of model calls. */
export interface Spent {
  model: string | null;
  usage: Usage;
  /** US dollars at list price; null when the price of the model is unknown. */
  cost_usd: number | null;
  tool_calls?: number;
}

export const NOTHING_SPENT: Spent = { model: null, usage: NO_USAGE, cost_usd: 0 };

export function addSpent(first: Spent, second: Spent): Spent {
  return {
    model: second.model ?? first.model,
    usage: addUsage(first.usage, second.usage),
    cost_usd: addCost(first.cost_usd, second.cost_usd),
  };
}

export interface StepResult extends Spent {
  artifacts: StepArtifact[];
  /** A short summary for the stage's page; the documents themselves are artifacts. */
  output_data: Record<string, unknown>;
  tool_calls: number;
  /** Orchestrator only: the name that it found for the project. */
  project_name?: string;
  agent_name?: string;
  /** Deployer only. */
  agent_ids?: string[];
  /** Deployer only. Absent when the build measured none. */
  coverage?: Coverage;
}

/** How a build can fail, apart from a stop. */
export type BuildFaultCode = 'BUILD_ERROR' | 'REQUIREMENT_NOT_PROVEN' | 'REQUIREMENT_UNCLEAR' | 'REQUIREMENT_REFUSED';

export interface BuildFaultOptions extends DomainErrorOptions {
  /** `BUILD_ERROR` if absent. */
  code?: BuildFaultCode;
  transient?: boolean;
  /** What is stored although the step failed. */
  artifacts?: StepArtifact[];
}

/** A step failed. `transient` says whether another attempt of the same step may succeed. */
export class BuildFault extends DomainError {
  override readonly code: BuildFaultCode;
  readonly transient: boolean;
  readonly artifacts: readonly StepArtifact[];

  constructor(message: string, options: BuildFaultOptions = {}) {
    super(message, options);
    this.code = options.code ?? 'BUILD_ERROR';
    this.transient = options.transient ?? false;
    this.artifacts = options.artifacts ?? [];
  }
}

/** A class by which Nest finds a service. */
type Service = abstract new (...args: never[]) => unknown;
type InstancesOf<S extends readonly Service[]> = {
  -readonly [K in keyof S]: S[K] extends abstract new (...args: never[]) => infer I ? I : never;
};

/** How one step of a build is done. Its name, order, weight and artifacts are in `stages/stage-table.ts`. */
export interface Step<N extends StepName = StepName> {
  name: N;
  /** The document that the language model writes. Absent if the step has none. */
  prompt?: DocumentTask<unknown>;
  /** Writes the same document by rule, for the offline model. */
  offline?: OfflineWriter;
  /** The services that `run` receives after the context. */
  uses: readonly Service[];
  /** Services that only this step has. */
  provides: readonly Service[];
  run(context: StepContext, ...services: never[]): Promise<StepResult>;
}

/** One step for each name: a step that is missing, or stands under another name, does not compile. */
export type StepTable = { readonly [N in StepName]: Step<N> };

/**
 * `run` must be safe to repeat: a crash may come after its work and before its result is stored. It throws
 * {@link BuildFault}, which says whether another attempt can help.
 */
export function defineStep<N extends StepName, T, const S extends readonly Service[]>(step: {
  name: N;
  prompt?: DocumentTask<T>;
  offline?: (input: unknown) => NoInfer<T>;
  uses: S;
  provides?: readonly Service[];
  run: (context: StepContext, ...services: InstancesOf<S>) => Promise<StepResult>;
}): Step<N> {
  return { provides: [], ...step } as unknown as Step<N>;
}

/** The offline writers of all steps by the name of their document. */
export function offlineWriters(table: StepTable): Map<string, OfflineWriter> {
  const writers = new Map<string, OfflineWriter>();
  for (const { prompt, offline } of Object.values(table)) if (prompt && offline) writers.set(prompt.name, offline);
  return writers;
}

/** Runs the steps of a table with their services. */
export class BuildSteps {
  constructor(
    private readonly table: StepTable,
    private readonly services: ReadonlyMap<Service, unknown>,
  ) {}

  /** What Nest has to inject for the steps of a table. */
  static servicesOf(table: StepTable): Service[] {
    return [...new Set(Object.values(table).flatMap(({ uses }) => uses))];
  }

  /** @throws Error for a stage with sub-stages, which has no step of its own */
  run({ stage, sub_stage }: StepPlace, context: StepContext): Promise<StepResult> {
    const name = sub_stage ?? stage;
    const step = new Map<string, Step>(Object.entries(this.table)).get(name);
    if (!step) throw new Error(`There is no step ${name}`);
    return step.run(context, ...(step.uses.map((service) => this.services.get(service)) as never[]));
  }
}

const VALID_AGENT_NAME = /^[a-z0-9][a-z0-9_-]{0,99}$/;

/**
 * The name of the built agent, part of its id: `agent_name` of the request, else the entry of `agent_name_map` for the deployer,
 * else for the developer, else for the orchestrator, else the fallback. The orchestrator decides it; the plan passes it on.
 */
export function builtAgentName(context: StepContext, fallback: string): string {
  const map = context.agent_name_map;
  const asked = context.agent_name ?? map?.agent_deployer ?? map?.agent_developer_manager ?? map?.orchestrator;
  return asked === undefined ? fallback : toAgentName(asked);
}

/** Unchanged if it is a valid agent name, otherwise a slug. */
export function toAgentName(name: string): string {
  return VALID_AGENT_NAME.test(name) ? name : slugOf(name, '_');
}
