import { IsString, Length } from 'class-validator';
import { ApiRoles } from '../../access.decorators.js';
import type { Role } from '../../principal.js';

export class AnyOrganizationDto {
  /** @example org_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  org_id: string;

  /** @example 'Analytical Engines' */
  name: string;

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;
}

export class AnyOrganizationListDto {
  organizations: AnyOrganizationDto[];

  /** @example 1 */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class AdministratorDto {
  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  user_id: string;

  /** @example ada@example.com */
  email: string;

  /** @example 'Ada Lovelace' */
  name: string;
}

export class OrganizationDetailsDto extends AnyOrganizationDto {
  /** @example 12 */
  member_count: number;

  /** @example 3 */
  api_key_count: number;

  administrators: AdministratorDto[];
}

export class EnterOrganizationDto {
  /**
   * The reason. The organization's administrators see it in their audit log.
   * @example 'Ticket 4711: their only administrator has left'
   */
  @IsString()
  @Length(10, 500)
  reason: string;
}

export class OperatorAccessDto {
  /** A JWT, valid for 15 minutes. There is no refresh token: enter again. */
  access_token: string;

  /** @example Bearer */
  token_type: 'Bearer';

  /**
   * Lifetime of the access token in seconds.
   * @example 900
   */
  expires_in: number;

  /** @example org_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  org_id: string;

  @ApiRoles(['admin'])
  roles: Role[];
}
