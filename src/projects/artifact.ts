import type { StageName } from '../stages/stage.js';

/** Something that a stage produced, as text. Items stay far below 400 KB: content at most 300 KB. */
export interface Artifact {
  project_id: string;
  path: string;
  org_id: string;
  stage_name: StageName;
  attempt: number;
  content_type: string;
  content: string;
  size_bytes: number;
  created_at: string;
}

export const ARTIFACT_MAX_BYTES = 300_000;
