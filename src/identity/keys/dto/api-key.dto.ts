import { IsOptional, IsString, Length } from 'class-validator';
import { ApiRoles, IsRoles } from '../../access.decorators.js';
import type { Role } from '../../principal.js';
import { IsTimestamp } from '../../../platform/http/api-docs.js';

export class CreateApiKeyDto {
  /** @example 'Nightly import' */
  @IsString()
  @Length(1, 100)
  name: string;

  @IsRoles()
  roles: Role[];

  /**
   * When the key expires. If absent, the key is valid until it is deleted.
   * @example '2027-01-01T00:00:00.000Z'
   */
  @IsOptional()
  @IsTimestamp()
  expires_at?: string;
}

export class ApiKeyDto {
  /** @example key_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  key_id: string;

  /** @example 'Nightly import' */
  name: string;

  @ApiRoles()
  roles: Role[];

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;

  /** @example '2027-01-01T00:00:00.000Z' */
  expires_at: string | null;
}

export class ListedApiKeyDto extends ApiKeyDto {
  /**
   * The user who owns the key. When the key is used, its roles are limited to those that this user still has.
   * @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  created_by: string;

  /**
   * When the key was last used, at most five minutes behind.
   * @example '2026-11-20T10:00:00.000Z'
   */
  last_used_at: string | null;
}

export class CreatedApiKeyDto extends ApiKeyDto {
  /**
   * Shown once.
   * @example nxs_dGhlIHNlY3JldCBvZiBhIGtleQ
   */
  api_key: string;
}

export class ApiKeyListDto {
  keys: ListedApiKeyDto[];

  /** @example 1 */
  total: number;
}

export class DeletedApiKeyDto {
  /** @example key_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  key_id: string;

  /** @example true */
  deleted: boolean;
}
