import { IsEmail, IsString, Length, MaxLength } from 'class-validator';
import { ApiRoles } from '../../dto-roles.js';

export class LoginDto {
  /** @example ada@example.com */
  @IsEmail()
  @MaxLength(254)
  email: string;

  /** @example 'correct horse battery' */
  @IsString()
  @Length(1, 1000)
  password: string;
}

export class RefreshDto {
  /**
   * The one that the last answer gave; it can be used once.
   * @example nxr_dGhlIHNlY3JldCBvZiBhIHNpZ24taW4
   */
  @IsString()
  @Length(1, 200)
  refresh_token: string;
}

export class ChangePasswordDto {
  /** @example 'correct horse battery' */
  @IsString()
  @Length(1, 1000)
  current: string;

  /**
   * At least 12 characters, not easy to guess.
   * @example 'nine purple lanterns'
   */
  @IsString()
  @Length(1, 1000)
  new: string;
}

export class RegisterDto extends LoginDto {
  /** @example 'Ada Lovelace' */
  @IsString()
  @Length(1, 100)
  name: string;

  /**
   * The organisation that is made for the new user.
   * @example 'Analytical Engines'
   */
  @IsString()
  @Length(1, 100)
  organization_name: string;
}

export class TokensDto {
  /** A JWT; 15 minutes. */
  access_token: string;

  /** Opaque; 7 days, good for one use. */
  refresh_token: string;

  /** @example Bearer */
  token_type: 'Bearer';

  /**
   * Seconds that the access token lives.
   * @example 900
   */
  expires_in: number;
}

export class SignedInUserDto {
  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  user_id: string;

  /** @example ada@example.com */
  email: string;

  /** @example 'Ada Lovelace' */
  name: string;

  /**
   * The organisation that the tokens are for.
   * @example org_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  org_id: string;

  @ApiRoles()
  roles: string[];
}

export class SignedInDto extends TokensDto {
  user: SignedInUserDto;
}

export class MembershipOfUserDto {
  /** @example org_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  org_id: string;

  /** @example 'Analytical Engines' */
  name: string;

  @ApiRoles()
  roles: string[];
}

export class MeDto extends SignedInUserDto {
  /** @example true */
  email_verified: boolean;

  /**
   * Whether a sign-in needs a code of an authenticator.
   * @example false
   */
  totp_enabled: boolean;

  /**
   * How the request was signed in.
   * @example token
   */
  via: 'token' | 'api_key';

  organizations: MembershipOfUserDto[];

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;
}

export class DoneDto {
  /** @example true */
  done: boolean;
}
