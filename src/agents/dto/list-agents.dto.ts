import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsNotEmpty, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { PageQuery } from '../../platform/http/page.dto.js';
import { AGENT_STATUSES, type AgentStatus } from '../agent.js';

const commaSeparated = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;

export class ListAgentsQuery extends PageQuery {
  /** Only agents of this project. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  project_id?: string;

  /** Only agents in this state. */
  @IsOptional()
  @IsIn(AGENT_STATUSES)
  status?: AgentStatus;

  @IsOptional()
  @IsString()
  @Length(1, 100)
  category?: string;

  /**
   * Comma-separated; an agent must have all of them.
   * @example ['tool:calculator']
   */
  @IsOptional()
  @Transform(commaSeparated)
  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(200, { each: true })
  capabilities?: string[];

  /** Only agents whose name or description contains this, upper and lower case alike. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  search?: string;
}
