import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { type Risk, RISKS } from '../catalogue/operation.js';

export const CONTRACT_TARGETS = ['mock', 'live'] as const;
/** What is called: the mock, for every operation; or the API itself, for operations that only read. */
export type ContractTarget = (typeof CONTRACT_TARGETS)[number];

export const GOLDEN_STATES = ['same', 'changed', 'recorded', 'none'] as const;

export class RunContractTestsDto {
  /** `mock` tests every operation; `live` calls the API and tests only operations that read. */
  @ApiPropertyOptional({ enum: CONTRACT_TARGETS, default: 'mock', example: 'mock' })
  @IsOptional()
  @IsIn(CONTRACT_TARGETS)
  target?: ContractTarget;

  /** Records the responses of this run. Later runs with this target are compared with them. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  record?: boolean;
}

export class ContractFaultDto {
  pointer: string;
  message: string;
}

/** One operation of a run. */
export class ContractResultDto {
  operation_id: string;

  name: string;

  @ApiProperty({ enum: RISKS })
  risk: Risk;

  passed: boolean;

  /** HTTP status. Null if there was no response. */
  status: number | null;

  /** Whether the response matches the document. Null if the document does not describe it. */
  valid: boolean | null;

  mismatches: ContractFaultDto[];

  /** Comparison with the recorded response, by status, fields and their types. */
  @ApiProperty({ enum: GOLDEN_STATES })
  golden: (typeof GOLDEN_STATES)[number];

  /** @example ["items[].id is number, not string"] */
  differences: string[];

  /** Each operation is called three times. Whether the responses were equal. */
  deterministic: boolean;

  error: string | null;
}

/** One run of the contract tests of an integration. */
export class ContractRunDto {
  run_id: string;

  integration_id: string;

  version: number;

  @ApiProperty({ enum: CONTRACT_TARGETS })
  target: ContractTarget;

  recorded: boolean;

  passed: number;

  failed: number;

  /** Number of operations beyond the limits of a run. */
  skipped: number;

  /** Share of the tested operations that responded equally to all three calls, 0 to 1. Null if no operation was tested. */
  deterministic_share: number | null;

  started_by: string;

  /** @example 2026-11-20T10:00:00.000Z */
  started_at: string;

  duration_ms: number;
}

export class ContractReportDto extends ContractRunDto {
  results: ContractResultDto[];
}

export class ContractRunListDto {
  runs: ContractRunDto[];
}
