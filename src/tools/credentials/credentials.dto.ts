import { ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import { IsIn, IsObject, IsString, Length, Matches } from 'class-validator';
import { PageQuery } from '../../platform/http/page.dto.js';
import { CREDENTIAL_KINDS, type CredentialKind } from './stored-credential.js';

export class CredentialFieldsDto {
  @ApiProperty({ enum: CREDENTIAL_KINDS, example: 'api_key' })
  @IsIn(CREDENTIAL_KINDS)
  kind: CredentialKind;

  /**
   * Depends on the kind. bearer: `token`. basic: `username`, `password`. api_key: `in` (header, query or cookie), `name`, `value`.
   * hmac: `secret`, `algorithm`, `encoding`, `header`, `prefix`, `timestamp_header`, and `signed`, a template with {timestamp},
   * {method}, {path}, {host} and {body}. oauth2_client_credentials: `token_url`, `client_id`, `client_secret`, `client_auth` (basic
   * or post), `scopes`, `audience`. oauth2_authorization_code: `authorization_url`, `token_url`, `client_id`, `client_secret`,
   * `client_auth`, `scopes`. All kinds: `allowed_hosts`.
   * @example { "in": "header", "name": "X-Api-Key", "value": "secret" }
   */
  @ApiProperty({ type: 'object', additionalProperties: true })
  @IsObject()
  fields: Record<string, unknown>;
}

export class CreateCredentialDto extends CredentialFieldsDto {
  @ApiProperty({ example: 'Shop, production' })
  @IsString()
  @Length(1, 120)
  @Matches(/\S/, { message: 'name must not be blank' })
  name: string;
}

export class ListCredentialsQuery extends PageQuery {}

@ApiExtraModels()
export class CredentialDto {
  /** @example cred_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  credential_id: string;

  name: string;

  @ApiProperty({ enum: CREDENTIAL_KINDS })
  kind: CredentialKind;

  /** `needs_authorization`: a person must first authorize the credential in a browser. */
  status: 'ready' | 'needs_authorization';

  /** The non-secret fields. Secrets are never shown. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  fields: Record<string, unknown>;

  /** When the current OAuth access token expires. It is renewed before then. */
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  token_expires_at: string | null;

  created_by: string;

  created_at: string;

  updated_at: string;
}

export class CredentialListDto {
  credentials: CredentialDto[];

  /** Number of credentials on this page. */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class DeletedCredentialDto {
  credential_id: string;
}

export class AuthorizationDto {
  /** The URL for the authorizing person to open in a browser. */
  authorization_url: string;

  /** Seconds until `authorization_url` expires. */
  expires_in: number;
}
