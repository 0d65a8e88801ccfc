import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { PageQuery } from '../../platform/http/page.dto.js';
import { SEVERITIES, type Severity } from '../catalogue/operation.js';
import { IntegrationDto } from './integration.dto.js';

export class ListFindingsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: SEVERITIES })
  @IsOptional()
  @IsIn(SEVERITIES)
  severity?: Severity;

  /** @example plain-http */
  @IsOptional()
  @IsString()
  @Length(1, 60)
  rule?: string;
}

export class FindingDto {
  /** @example no-error-answers */
  rule: string;

  @ApiProperty({ enum: SEVERITIES })
  severity: Severity;

  /** JSON pointer into the document. */
  pointer: string;

  message: string;

  fix: string;
}

export class FindingCountsDto {
  error: number;
  warning: number;
  info: number;
}

export class FindingListDto {
  /**
   * 0 to 100: starts at 100 and subtracts, for each rule, its weight (error 15, warning 6, info 2) times the share of operations
   * that break it.
   * @example 83
   */
  score: number;

  counts: FindingCountsDto;

  findings: FindingDto[];

  /** Number of matching findings. At most 500 per rule are kept. */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class ChangeDto {
  breaking: boolean;

  /** @example enum-narrowed */
  change: string;

  operation_id: string;

  name: string;

  method: string;

  path: string;

  /**
   * input or output, followed by the dotted path. Empty for the operation itself.
   * @example input.body.state
   */
  place: string;

  message: string;
}

export class OperationUserDto {
  kind: 'tool' | 'flow';

  /** The id of the tool or flow. */
  id: string;

  name: string;

  project_id: string | null;

  /** Null for a flow, and for a tool that every agent of the project has. */
  agent_id: string | null;

  /** The broken operations that the tool or flow uses. */
  operation_ids: string[];
}

export class DiffDto {
  breaking_count: number;

  /** Breaking changes first, at most 1,000. */
  changes: ChangeDto[];

  /** False if there are more changes. */
  complete: boolean;

  /** The tools and flows that use a broken operation. */
  affected: OperationUserDto[];
}

export class ReplacedDocumentDto {
  integration: IntegrationDto;

  diff: DiffDto;
}

export class IntegrationVersionDto {
  integration_id: string;

  version: number;

  /** The version that was restored. Null for an import. */
  @ApiProperty({ type: 'integer', nullable: true })
  restored_from: number | null;

  format_version: string;

  api_version: string;

  source_url: string | null;

  /** SHA-256 of the document as received. */
  document_hash: string;

  document_bytes: number;

  operation_count: number;

  created_by: string;

  created_at: string;
}

export class VersionListDto {
  /** Newest first. */
  versions: IntegrationVersionDto[];
}

export class VersionDto extends IntegrationVersionDto {
  /** The changes in this version. Null for the first version. */
  @ApiProperty({ type: () => DiffDto, nullable: true })
  diff: DiffDto | null;
}
