import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';
import { CLIENT_LANGUAGES, type ClientLanguageName } from '../integrations/clients/client-language.js';
import { ITEMS_MAX } from './package.js';

const NEED_KINDS = ['credential', 'model', 'tool'] as const;

export class CreateExportDto {
  /**
   * Name of the package: 2 to 50 lowercase letters, digits and single hyphens, starting with a letter. Defaults to nexus-package.
   * @example support-desk
   */
  @IsOptional()
  @IsString()
  @Matches(/^[a-z](?:-?[a-z0-9]){1,49}$/, {
    message: 'name must have 2 to 50 lowercase letters, digits and single hyphens, starting with a letter',
  })
  name?: string;

  /**
   * At most 20. Their attached tools are exported with them.
   * @example ["proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support"]
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(ITEMS_MAX)
  @IsString({ each: true })
  @Length(1, 250, { each: true })
  agent_ids?: string[];

  /** At most 20, all published. Triggers are not exported. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(ITEMS_MAX)
  @IsString({ each: true })
  @Length(1, 100, { each: true })
  flow_ids?: string[];

  /** At most 20. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(ITEMS_MAX)
  @IsString({ each: true })
  @Length(1, 100, { each: true })
  integration_ids?: string[];

  /** Languages in which to include generated clients for the integrations. Defaults to those whose generators are installed. Empty for no clients. */
  @ApiPropertyOptional({ enum: CLIENT_LANGUAGES, isArray: true })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(CLIENT_LANGUAGES.length)
  @IsIn(CLIENT_LANGUAGES, { each: true })
  client_languages?: ClientLanguageName[];
}

/** A form: the package as `file`, at most 25 MB. */
export class ImportPackageForm {
  @ApiProperty({ type: 'string', format: 'binary' })
  file: unknown;
}

export class ImportedItemDto {
  /** The item's id in the package. */
  from: string;
  /** The item's new id. */
  id: string;
  name: string;
}

export class ImportNeedDto {
  @ApiProperty({ enum: NEED_KINDS })
  kind: (typeof NEED_KINDS)[number];
  /** Id of the integration or tool to set up. Null for a model, and for a tool that was not attached. */
  id: string | null;
  message: string;
}

export class ImportReportDto {
  integrations: ImportedItemDto[];
  projects: ImportedItemDto[];
  agents: ImportedItemDto[];
  tools: ImportedItemDto[];
  flows: ImportedItemDto[];
  /** What remains to be set up: missing credentials, models that are not configured here, tools that were not attached. */
  needs: ImportNeedDto[];
}
