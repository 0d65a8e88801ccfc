import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Length,
  ValidateNested,
} from 'class-validator';
import { CHECK_KINDS } from '../agent-example.js';

export class ExampleCheckDto {
  /**
   * contains and not_contains compare text without regard to case, matches takes a regular expression, uses_tool the name of a tool.
   * @example contains
   */
  @IsIn(CHECK_KINDS)
  kind: (typeof CHECK_KINDS)[number];

  /**
   * At most 500 characters. Null for non_empty only.
   * @example '69,104'
   */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  value?: string | null;
}

export class SaveExampleDto {
  /**
   * What a user says, as the first message of a conversation. At most 5,000 characters.
   * @example 'What is 1234 * 56?'
   */
  @IsString()
  @Length(1, 5_000)
  input: string;

  /**
   * What an answer must satisfy: 1 to 10 checks.
   * @example [{"kind": "contains", "value": "69,104"}]
   */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => ExampleCheckDto)
  checks: ExampleCheckDto[];

  /** The run that it is saved from. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  invocation_id?: string;
}

/** A message that a person saved, and what every later version of the agent must answer to it. */
export class AgentExampleDto {
  /** @example ex_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  example_id: string;

  /** @example 'What is 1234 * 56?' */
  input: string;

  checks: ExampleCheckDto[];

  /** @example inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  invocation_id: string | null;

  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  created_by: string;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;
}

export class AgentExampleListDto {
  examples: AgentExampleDto[];

  /**
   * Number of records on this page.
   * @example 1
   */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class DeletedExampleDto {
  /** @example ex_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  example_id: string;

  /** @example true */
  deleted: boolean;
}
