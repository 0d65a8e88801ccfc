import { IsEmail, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { ApiRoles } from '../../access.decorators.js';

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
   * The refresh token from the last response. It can be used once.
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
   * The new password: at least 12 characters, and not easy to guess.
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
   * Name of the organization to create for the new user.
   * @example 'Analytical Engines'
   */
  @IsString()
  @Length(1, 100)
  organization_name: string;
}

export class TokensDto {
  /** A JWT, valid for 15 minutes. */
  access_token: string;

  /** Opaque. Valid for 7 days and one use. */
  refresh_token: string;

  /** @example Bearer */
  token_type: 'Bearer';

  /**
   * Lifetime of the access token in seconds.
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
   * The organization that the tokens are valid for.
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
   * Whether signing in requires a code from an authenticator app.
   * @example false
   */
  totp_enabled: boolean;

  /**
   * How the caller authenticated.
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

export class EmailDto {
  /** @example ada@example.com */
  @IsEmail()
  @MaxLength(254)
  email: string;
}

export class MailedTokenDto {
  /**
   * The token from the email.
   * @example nxm_01KAG4ZQ4N5B1M6Z6K0TQX0N3RdGhlIHRva2VuIG9mIGEgbWFpbCBmb3IgYW4gZXhhbXBsZQ
   */
  @IsString()
  @Length(1, 200)
  token: string;
}

export class ResetPasswordDto extends MailedTokenDto {
  /**
   * At least 12 characters, and not easy to guess.
   * @example 'nine purple lanterns'
   */
  @IsString()
  @Length(1, 1000)
  password: string;
}

export class AcceptedDto {
  /**
   * The request is stored. Whether an email follows depends on the address.
   * @example true
   */
  accepted: boolean;
}

export class SignInDto {
  /** @example fam_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  session_id: string;

  /**
   * The `User-Agent` of the last sign-in or refresh, at most 200 characters. Null if none was sent.
   * @example 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
   */
  device: string | null;

  /**
   * The IP address of the last sign-in or refresh.
   * @example 203.0.113.7
   */
  address: string;

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;

  /**
   * The time of the last sign-in or refresh. An active sign-in refreshes every 15 minutes.
   * @example '2026-11-20T10:30:00.000Z'
   */
  last_used_at: string;

  /**
   * Whether this request uses this sign-in.
   * @example true
   */
  current: boolean;
}

export class SignInListDto {
  sessions: SignInDto[];

  /** @example 1 */
  total: number;
}

export class ExchangeDto {
  /**
   * The code from the callback. Valid once, for one minute.
   * @example nxo_Zk3v0y7n1m4b8q2w5e6r9t0u1i2o3p4a5s6d7f8g9h0
   */
  @IsString()
  @MaxLength(200)
  code: string;

  /** The password of the existing account. Required only if its email address was never verified: without it, the request returns 409. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  password?: string;
}

export class SignInProviderDto {
  /** @example google */
  name: 'google' | 'github';

  /**
   * The provider's display name.
   * @example Google
   */
  label: string;

  /**
   * The path to open in the browser to start the sign-in.
   * @example /api/v1/auth/google
   */
  path: string;
}

export class SignInOptionsDto {
  /** The configured providers. */
  providers: SignInProviderDto[];

  /** Whether people can create accounts. */
  registration: boolean;

  /** Whether password resets and sign-in links work: emails are sent or, in development without `SMTP_URL`, printed. */
  mail: boolean;
}

export class OAuthCodeDto {
  /** @example nxo_Zk3v0y7n1m4b8q2w5e6r9t0u1i2o3p4a5s6d7f8g9h0 */
  code: string;

  /**
   * Lifetime of the code in seconds.
   * @example 60
   */
  expires_in: number;
}

export class CreateStreamTicketDto {
  /**
   * The path of the event stream, without a query.
   * @example /api/v1/invocations/inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R/events
   */
  @MaxLength(1000)
  @Matches(/^\/(?![/\\])[^?#\s\\]*$/, {
    message: 'path must be a path of this platform that begins with "/", without a query',
  })
  path: string;
}

export class StreamTicketDto {
  /** @example nxe_dGhlIHNlY3JldCBvZiBhIHNpbmdsZSBldmVudCBzdHJlYW0 */
  ticket: string;

  /**
   * The URL for `new EventSource(url)`.
   * @example /api/v1/invocations/inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R/events?ticket=nxe_dGhlIHNlY3JldCBvZiBhIHNpbmdsZSBldmVudCBzdHJlYW0
   */
  url: string;

  /**
   * Lifetime of the ticket in seconds.
   * @example 60
   */
  expires_in: number;

  /** @example '2026-11-20T10:01:00.000Z' */
  expires_at: string;
}

export class RefreshSessionDto {
  /**
   * Moves a sign-in into cookies. Send the refresh token that another endpoint returned: after signing in with a provider or an
   * emailed link, accepting an invitation or switching organizations. If absent, the cookie is used.
   * @example nxr_dGhlIHNlY3JldCBvZiBhIHNpZ24taW4
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  refresh_token?: string;
}

export class StartLinkDto {
  /**
   * The code from the link printed at startup.
   * @example nxl_dGhlIHNlY3JldCBvZiBhIHN0YXJ0IGxpbms
   */
  @IsString()
  @Length(1, 200)
  code: string;
}

export class BrowserSessionDto {
  /**
   * Send it in the `X-CSRF-Token` header with every request that is not a GET. Also in the `nexus_csrf` cookie
   * (`__Host-nexus_csrf` in production).
   * @example tuTaW5kZWVkLCB0aGlzIGlzIG5vdCBhIHJlYWwgb25l
   */
  csrf_token: string;

  /**
   * Seconds until the browser's sign-in must be refreshed.
   * @example 900
   */
  expires_in: number;
}

export class BrowserSignedInDto extends BrowserSessionDto {
  user: SignedInUserDto;
}
