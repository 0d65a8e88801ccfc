import { type ResourceType, STAGE_TABLE } from './stage-table.js';

type Row = (typeof STAGE_TABLE)[number];
type SubRow = Extract<Row, { parent: string }>;

export type SubStageName = SubRow['name'];
export type StageName = Exclude<Row, { parent: string }>['name'];
/** What a build does one after the other: sub-stages, and stages without sub-stages. */
export type StepName = SubStageName | Exclude<StageName, SubRow['parent']>;

const isSubRow = (row: Row): row is SubRow => 'parent' in row;
const subRows: readonly SubRow[] = STAGE_TABLE.filter(isSubRow);
const stageRows = STAGE_TABLE.filter((row): row is Exclude<Row, SubRow> => !isSubRow(row));

export const STAGE_NAMES: readonly StageName[] = stageRows.map(({ name }) => name);
export const SUB_STAGE_NAMES: readonly SubStageName[] = subRows.map(({ name }) => name);
/** The stage that every build begins with. */
export const FIRST_STAGE: StageName = STAGE_TABLE[0].name;

export interface StageInfo {
  stage_name: StageName;
  /** Counts from 1. */
  stage_number: number;
  display_name: string;
  /** Share of the build in percent. */
  weight: number;
  /** Their weights are shares of the stage, 0 to 1. */
  sub_stages: { sub_stage_name: SubStageName; display_name: string; weight: number }[];
}

/** The stages in order. */
export const STAGES: readonly StageInfo[] = stageRows.map(({ name, display_name, weight }, index) => {
  const children = subRows.filter(({ parent }) => parent === name);
  return {
    stage_name: name,
    stage_number: index + 1,
    display_name,
    weight: basisPoints(weight, stageRows) / 100,
    sub_stages: children.map((child) => ({
      sub_stage_name: child.name,
      display_name: child.display_name,
      weight: basisPoints(child.weight, children) / 10_000,
    })),
  };
});

/** The share of a weight in hundredths of a percent, rounded: shares with more digits would be noise in the API. */
function basisPoints(weight: number, rows: readonly { weight: number }[]): number {
  const total = rows.reduce((sum, row) => sum + row.weight, 0);
  return Math.round((weight * 10_000) / total);
}

export function stageInfo(name: StageName): StageInfo {
  const found = STAGES.find((stage) => stage.stage_name === name);
  if (!found) throw new RangeError(`There is no stage ${name}`);
  return found;
}

/** A step's place in the build. */
export interface StepPlace {
  stage: StageName;
  sub_stage?: SubStageName;
}

/** The steps of a build in order. */
export const STEP_PLACES: readonly StepPlace[] = STAGES.flatMap(({ stage_name: stage, sub_stages }): StepPlace[] =>
  sub_stages.length === 0 ? [{ stage }] : sub_stages.map(({ sub_stage_name: sub_stage }) => ({ stage, sub_stage })),
);

const RESOURCES = STAGE_TABLE.flatMap((row) =>
  'resources' in row ? (Object.entries(row.resources) as [ResourceType, readonly string[]][]) : [],
);

/** Undefined for an artifact that the dashboard does not list. */
export function resourceTypeOf(path: string): ResourceType | undefined {
  const covers = (listed: string): boolean => (listed.endsWith('/') ? path.startsWith(listed) : path === listed);
  return RESOURCES.find(([, paths]) => paths.some(covers))?.[0];
}

type ArtifactsOf<R> = R extends { artifacts: infer A } ? A : never;
type AllOf<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer A) => void ? A : never;

/** Where the steps leave their documents; later steps and readers of a build find them by these paths. */
export const PATHS = Object.assign({}, ...STAGE_TABLE.map((row) => ('artifacts' in row ? row.artifacts : {}))) as AllOf<
  ArtifactsOf<Row>
>;

export const STAGE_STATUSES = ['pending', 'running', 'completed', 'failed'] as const;
export type StageStatus = (typeof STAGE_STATUSES)[number];

export interface SubStage {
  status: StageStatus;
  started_at: string | null;
  completed_at: string | null;
  artifacts: string[];
}

/** One stage of a project's build. Its life: pending → running → completed | failed; failed → running on a retry. */
export interface Stage {
  stage_name: StageName;
  stage_number: number;
  display_name: string;
  status: StageStatus;
  progress: number;
  started_at: string | null;
  completed_at: string | null;
  duration_seconds: number | null;
  agent_name: string | null;
  error_message: string | null;
  output_data: Record<string, unknown> | null;
  artifacts: string[];
  /** The model that wrote its documents; null until it has run. */
  model: string | null;
  input_tokens: number;
  output_tokens: number;
  /** What its model calls cost in US dollars at list price; null when the price of a model is unknown. */
  cost_usd: number | null;
  tool_calls: number;
  sub_stages?: Record<SubStageName, SubStage>;
}
