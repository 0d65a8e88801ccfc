import type { TransactItem } from '../../platform/dynamodb/dynamodb.js';
import type { StageName, SubStageName } from '../../stages/stage.js';
import type { Usage } from '../../shared/usage.js';

export type StageLogLevel = 'info' | 'warning' | 'error';

/** What a step of a build gets to see. It carries no service: whatever a step needs beyond this is injected into its runner. */
export interface StageContext {
  org_id: string;
  user_id: string;
  project_id: string;
  build_id: string;
  project_name: string;
  requirement: string;
  agent_name?: string;
  agent_name_map?: Partial<Record<StageName, string>>;
  tags: string[];
  priority: number;
  /** The model that the project asks for; null: the platform's. The agent gets it too. */
  model_id: string | null;
  /** What the steps before this one have stored: path → content. */
  artifacts: ReadonlyMap<string, string>;
  /** Shown live to whoever watches the build. */
  log(level: StageLogLevel, message: string): void;
  /** Goes into the transaction that registers an agent: it fails when this build is no longer the project's running one. */
  guard?: TransactItem[];
  signal: AbortSignal;
}

export interface StageArtifact {
  path: string;
  content_type: string;
  content: string;
}

export interface StageResult {
  artifacts: StageArtifact[];
  /** A short summary for the stage's page; the documents themselves are artifacts. */
  output_data: Record<string, unknown>;
  model: string | null;
  usage: Usage;
  /** US dollars at list price; null when the price of the model is not known. */
  cost_usd: number | null;
  tool_calls: number;
  /** Orchestrator only: the name that it found for the project. */
  project_name?: string;
  agent_name?: string;
  /** Deployer only. */
  agent_ids?: string[];
}

/**
 * One step of a build. A runner must be safe to run again: a crash may come after its work and before its result is
 * stored. It throws `BuildFault` and says there whether another attempt can help.
 */
export abstract class StageRunner {
  abstract readonly stage: StageName;
  readonly sub_stage?: SubStageName;
  abstract run(context: StageContext): Promise<StageResult>;
}
