import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../../shared/page.js';

/** The page that a list should answer. */
export class PageQuery {
  /**
   * How many records at most.
   * @example 20
   */
  @ApiPropertyOptional({ type: 'integer', default: PAGE_LIMIT_DEFAULT })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(PAGE_LIMIT_MAX)
  limit: number = PAGE_LIMIT_DEFAULT;

  /** The cursor that the page before answered; valid for the same list and organisation only. */
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  last_key?: string;
}
