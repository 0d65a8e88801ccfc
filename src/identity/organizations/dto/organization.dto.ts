import { ApiProperty } from '@nestjs/swagger';
import { IsEmail, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { ApiRoles, IsRoles } from '../../access.decorators.js';
import { MAIL_STATUSES, type MailStatus } from '../../mail/account-mail.js';
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

  /** Your roles in the organization. */
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
   * The owner. Null in organizations created before owners were recorded, until their first transfer.
   * @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  owner_id: string | null;

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;
}

export class InviteMemberDto extends ChangeRolesDto {
  /** @example grace@example.com */
  @IsEmail()
  @MaxLength(254)
  email: string;
}

export class InvitationDto {
  /** @example inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  invitation_id: string;

  /** @example grace@example.com */
  email: string;

  @ApiRoles()
  roles: Role[];

  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  invited_by: string;

  @ApiProperty({
    type: String,
    enum: MAIL_STATUSES,
    nullable: true,
    example: 'sent',
    description:
      'Delivery of the email with the token. `failed`: the mail server rejected it permanently. Null if the platform sent no email.',
  })
  mail_status: MailStatus | null;

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;

  /** @example '2026-11-27T10:00:00.000Z' */
  expires_at: string;
}

export class NewInvitationDto extends InvitationDto {
  @ApiProperty({
    type: String,
    enum: MAIL_STATUSES,
    nullable: true,
    example: 'pending',
    description:
      '`pending`: an email with the token will be sent. Null if the platform sends no email; `invitation_token` then has the token.',
  })
  declare mail_status: MailStatus | null;

  /** Present only if the platform sends no email. Pass it on to the invited person. It is shown once and begins with `nxi_`. */
  invitation_token?: string;
}

export class InvitationListDto {
  invitations: InvitationDto[];

  /** @example 1 */
  total: number;
}

export class RevokedInvitationDto {
  /** @example inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  invitation_id: string;

  /** @example true */
  revoked: boolean;
}

export class AcceptInvitationDto {
  /**
   * The token from the email or from your administrator.
   * @example nxi_dGhlIHNlY3JldCBvZiBhbiBpbnZpdGF0aW9u
   */
  @IsString()
  @Length(1, 200)
  invitation_token: string;

  /**
   * Your account's password or, for a new account, the password that you choose.
   * @example 'correct horse battery'
   */
  @IsString()
  @Length(1, 1000)
  password: string;

  /**
   * The name for a new account.
   * @example 'Grace Hopper'
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  name?: string;
}
