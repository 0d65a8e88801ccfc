import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { PageQuery } from '../../platform/http/page.dto.js';
import { PROJECT_STATUSES, type ProjectStatus } from '../project.js';

export class ListProjectsQuery extends PageQuery {
  /** Only projects in this state. */
  @IsOptional()
  @IsIn(PROJECT_STATUSES)
  status?: ProjectStatus;

  /** Only projects of this user. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_id?: string;

  /** Only projects whose name or requirement contains this, upper and lower case alike. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  search?: string;
}
