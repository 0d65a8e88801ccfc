import { IsString, Length } from 'class-validator';
import { ApiRoles, IsRoles } from '../../dto-roles.js';
import type { Role } from '../../principal.js';

export class CreateOrganizationDto {
  /** @example 'Analytical Engines' */
  @IsString()
  @Length(1, 100)
  name: string;
}

export class OrganizationDto {
  /** @example org_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  org_id: string;

  /** @example 'Analytical Engines' */
  name: string;

  /** Your own in it. */
  @ApiRoles()
  roles: Role[];

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;
}

export class OrganizationListDto {
  organizations: OrganizationDto[];

  /** @example 1 */
  total: number;
}

export class MemberDto {
  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  user_id: string;

  /** @example ada@example.com */
  email: string;

  /** @example 'Ada Lovelace' */
  name: string;

  @ApiRoles()
  roles: Role[];

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;
}

export class MemberListDto {
  members: MemberDto[];

  /** @example 1 */
  total: number;
}

export class ChangeRolesDto {
  @IsRoles()
  roles: Role[];
}

export class RemovedMemberDto {
  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  user_id: string;

  /** @example true */
  removed: boolean;
}

export class DeleteOrganizationDto {
  /**
   * The exact name of the organization, to confirm.
   * @example 'Analytical Engines'
   */
  @IsString()
  @Length(1, 100)
  name: string;
}

export class DeletingOrganizationDto {
  /** @example org_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  org_id: string;

  /** @example true */
  deleting: boolean;
}

export class TransferOrganizationDto {
  /**
   * A member of the organization.
   * @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  @IsString()
  @Length(1, 100)
  user_id: string;
}

export class OwnedOrganizationDto {
  /** @example org_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  org_id: string;

  /** @example 'Analytical Engines' */
  name: string;

  /**
   * Null until the first transfer in organizations that version 1.0.0 created.
   * @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  owner_id: string | null;

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;
}
