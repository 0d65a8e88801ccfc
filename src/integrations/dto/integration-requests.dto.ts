import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
} from 'class-validator';
import { PageQuery } from '../../platform/http/page.dto.js';
import { Packed } from '../../platform/http/validation.pipe.js';
import { FORMATS, type FormatName, type Risk, RISKS } from '../catalogue/operation.js';

const SOURCE_FORMATS = ['auto', ...FORMATS] as const;

const EXAMPLE_DOCUMENT = `openapi: 3.1.0
info: { title: Shop, version: '1' }
servers: [{ url: https://api.example.com/v1 }]
paths:
  /orders/{number}:
    get:
      operationId: getOrder
      parameters: [{ name: number, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: The order. } }
`;

/** Where the document is: an address, or its text. */
export class DocumentSourceDto {
  /**
   * URL of the document. The platform fetches it under its rules for outgoing calls. References in the document can be relative.
   * @example https://api.example.com/openapi.yaml
   */
  url?: string;

  /** The document as text in JSON, YAML or SDL, or as a JSON object. At most 2 MB; send larger documents as a file. */
  @ApiPropertyOptional({ oneOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }] })
  content?: string | Record<string, unknown>;
}

export class ImportDocumentDto {
  /** Either `url` or `content`. Omit both if you send the document as `file` in a form. */
  @ApiPropertyOptional({ type: () => DocumentSourceDto, example: { content: EXAMPLE_DOCUMENT } })
  @Packed()
  @IsOptional()
  @IsObject()
  source?: DocumentSourceDto;

  /**
   * `auto` detects the format from the document.
   * @example auto
   */
  @IsOptional()
  @IsIn(SOURCE_FORMATS)
  format?: FormatName | 'auto';
}

export class CreateIntegrationDto extends ImportDocumentDto {
  /** The integration's display name. */
  @ApiProperty({ example: 'Shop API' })
  @IsString()
  @Length(1, 120)
  @Matches(/\S/, { message: 'name must not be blank' })
  name: string;

  /**
   * Base URL of every path. Overrides the document's server.
   * @example https://api.example.com/v1
   */
  @IsOptional()
  @IsString()
  @Length(1, 2000)
  base_url?: string;

  /**
   * Used for each call that does not name another credential.
   * @example cred_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  credential_id?: string;
}

/** A form: the document as `file`, at most 25 MB. */
export class ImportDocumentForm extends ImportDocumentDto {
  @ApiPropertyOptional({ type: 'string', format: 'binary' })
  file?: unknown;
}

/** A form: the document as `file`, at most 25 MB. */
export class CreateIntegrationForm extends CreateIntegrationDto {
  @ApiPropertyOptional({ type: 'string', format: 'binary' })
  file?: unknown;
}

export class ChangeIntegrationDto {
  @IsOptional()
  @IsString()
  @Length(1, 120)
  name?: string;

  /** Base URL of every path. An empty value restores the document's server. */
  @IsOptional()
  @IsString()
  @Length(0, 2000)
  base_url?: string;

  /**
   * Used for each call that does not name another credential. Empty for none.
   * @example cred_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  @IsOptional()
  @IsString()
  @Length(0, 100)
  credential_id?: string;
}

export class ListOperationsQuery extends PageQuery {
  /**
   * Words to find in the name, path, tags or description. Best matches come first.
   * @example create order
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  query?: string;

  @ApiPropertyOptional({ enum: RISKS })
  @IsOptional()
  @IsIn(RISKS)
  risk?: Risk;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  tag?: string;
}

export class ListIntegrationsQuery extends PageQuery {}

export class CallOperationDto {
  /**
   * Must match `input_schema` of the operation: parameters by name, the request body as `body`.
   * @example { "number": "A-17" }
   */
  @ApiProperty({ type: 'object', additionalProperties: true })
  @Packed()
  @IsObject()
  input: Record<string, unknown>;

  /** Follows the pages of a list, up to 20 pages, 5,000 items, 8 MB and 60 seconds. */
  @IsOptional()
  @IsBoolean()
  all_pages?: boolean;

  /** Used instead of the integration's credential. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  credential_id?: string;
}

export class AttachOperationsDto {
  /**
   * Unique in the project; the model calls `<name>_<operation>`.
   * @example shop
   */
  @IsString()
  @Matches(/^[a-z][a-z0-9_]{0,39}$/, {
    message: 'name must be 1-40 lowercase letters, digits or _, starting with a letter',
  })
  name: string;

  @IsOptional()
  @IsString()
  @Length(1, 1000)
  description?: string;

  /** Ids or names of operations, at most 50. Send either this or risk. */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(200, { each: true })
  operations?: string[];

  /**
   * Attaches all operations with this risk.
   * @example read
   */
  @ApiPropertyOptional({ enum: RISKS })
  @IsOptional()
  @IsIn(RISKS)
  risk?: Risk;

  /**
   * Attaches the operations to every agent of the project. Send either this or agent_id.
   * @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  project_id?: string;

  /** Attaches the operations to this agent only. */
  @IsOptional()
  @IsString()
  @Length(1, 250)
  agent_id?: string;

  /** Used instead of the integration's credential. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  credential_id?: string;
}
