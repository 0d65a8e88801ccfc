import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { STAGE_NAMES, type StageName } from '../../stages/stage.js';

const trimmed = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);

/** A name by stage. Any other key is refused, and the error names it. */
class AgentNameMapDto {}
for (const name of STAGE_NAMES) {
  const asText = { type: String, minLength: 1, maxLength: 200, example: 'shop-support' };
  for (const decorate of [ApiPropertyOptional(asText), IsOptional(), IsString(), Length(1, 200)])
    decorate(AgentNameMapDto.prototype, name);
}

/** What someone needs, in plain words. */
export class CreateProjectDto {
  /**
   * One paragraph of what the agent should do; 10 to 5000 characters after trimming.
   * @example 'A support assistant for our web shop: it calculates discounts, converts prices between units and answers questions about delivery. Our delivery takes 3 working days.'
   */
  @Transform(trimmed)
  @IsString()
  @Length(10, 5000)
  requirement: string;

  /**
   * A name for the project; taken from the requirement when absent.
   * @example 'Shop support'
   */
  @IsOptional()
  @Transform(trimmed)
  @IsString()
  @Length(1, 200)
  project_name?: string;

  /**
   * Whom the project is for; the caller when absent.
   * @example 'ada'
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_id?: string;

  /** @example 'Ada Lovelace' */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_name?: string;

  /**
   * 1 to 5; among builds that wait for a slot, 5 is built first.
   * @example 3
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(5)
  priority?: number;

  /**
   * At most 20 labels of at most 100 characters.
   * @example ['support', 'shop']
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(100, { each: true })
  tags?: string[];

  /**
   * A name for the agent; found by the orchestrator when absent.
   * @example 'shop-support'
   */
  @IsOptional()
  @Transform(trimmed)
  @IsString()
  @Length(1, 200)
  agent_name?: string;

  /**
   * The model that writes the build and that the agent runs on; the platform's when absent. `<provider>:<id>` names a model of another provider that is set up.
   * @example 'gpt-4o'
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  model_id?: string;

  /** Agent names by stage. */
  @IsOptional()
  @ValidateNested()
  @Type(() => AgentNameMapDto)
  @ApiPropertyOptional({ type: () => AgentNameMapDto })
  agent_name_map?: Partial<Record<StageName, string>>;
}
