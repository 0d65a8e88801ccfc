import { IsOptional, IsString, Length } from 'class-validator';
import { SignedInUserDto } from './auth.dto.js';

export class RefreshSessionDto {
  /**
   * Of a sign-in that answered tokens (a provider, an invitation, a sign-in link, another organization): its tokens move into
   * cookies. Without it, the cookie is used.
   * @example nxr_dGhlIHNlY3JldCBvZiBhIHNpZ24taW4
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  refresh_token?: string;
}

export class StartLinkDto {
  /**
   * The code of the link that the start printed.
   * @example nxl_dGhlIHNlY3JldCBvZiBhIHN0YXJ0IGxpbms
   */
  @IsString()
  @Length(1, 200)
  code: string;
}

export class BrowserSessionDto {
  /**
   * Send it as the header `X-CSRF-Token` with every request that is not a GET. Also in the cookie `nexus_csrf`.
   * @example tuTaW5kZWVkLCB0aGlzIGlzIG5vdCBhIHJlYWwgb25l
   */
  csrf_token: string;

  /**
   * Seconds until the session must be refreshed.
   * @example 900
   */
  expires_in: number;
}

export class BrowserSignedInDto extends BrowserSessionDto {
  user: SignedInUserDto;
}
