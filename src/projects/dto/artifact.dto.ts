import type { StageName } from '../../stages/stage.js';

/** A document that a stage wrote. */
export class ArtifactSummaryDto {
  /** @example requirements.md */
  path: string;

  /** @example requirements_analysis */
  stage_name: StageName;

  /** @example text/markdown */
  content_type: string;

  /** @example 2048 */
  size_bytes: number;

  /**
   * The build attempt that made it.
   * @example 1
   */
  attempt: number;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;
}

export class ArtifactListDto {
  artifacts: ArtifactSummaryDto[];

  /** @example 14 */
  total: number;

  /** Always null: all artifacts of a project are on one page. */
  last_key: string | null;
}

export class ArtifactDto extends ArtifactSummaryDto {
  /** @example '# Requirements' */
  content: string;
}
