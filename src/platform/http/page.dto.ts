import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../../shared/page.js';

/** The page that a list should answer. */
export class PageQuery {
  /**
   * Maximum number of records.
   * @example 20
   */
  @ApiPropertyOptional({ type: 'integer', default: PAGE_LIMIT_DEFAULT })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(PAGE_LIMIT_MAX)
  limit: number = PAGE_LIMIT_DEFAULT;

  /** The cursor from the previous page. Valid only for the same list and organization. */
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  last_key?: string;
}
