import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { SignedInDto } from './auth.dto.js';

export class EnableTotpDto {
  /**
   * Your password. Omit it if the account has none.
   * @example 'correct horse battery'
   */
  @IsOptional()
  @IsString()
  @Length(1, 1000)
  password?: string;
}

export class TotpCodeDto {
  /**
   * Six digits from the authenticator app.
   * @example '492039'
   */
  @IsString()
  @Length(6, 40)
  code: string;
}

export class DisableTotpDto extends EnableTotpDto {
  /**
   * Six digits from the authenticator app, or a recovery code.
   * @example '492039'
   */
  @IsString()
  @Length(6, 40)
  code: string;
}

export class TotpLoginDto {
  /**
   * The challenge that the first factor returned.
   * @example nxt_dGhlIHNlY3JldCBvZiBhIHNpZ24taW4gY2hhbGxlbmdl
   */
  @IsString()
  @Length(1, 200)
  challenge_token: string;

  /**
   * Six digits from the authenticator app, or a recovery code.
   * @example '492039'
   */
  @IsString()
  @Length(6, 40)
  code: string;
}

export class TotpSecretDto {
  /**
   * The secret in Base32, to enter in an authenticator app. Shown once.
   * @example JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP
   */
  secret: string;

  /**
   * The same secret as a URI, to show as a QR code.
   * @example 'otpauth://totp/Nexus:ada%40example.com?issuer=Nexus&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30'
   */
  otpauth_uri: string;
}

export class RecoveryCodesDto {
  /**
   * Ten codes, each valid for one sign-in without the authenticator app. Shown once.
   * @example ["abcd-efgh-ijkl-mnop"]
   */
  recovery_codes: string[];
}

export class TotpRequiredDto {
  @ApiProperty({ enum: [true], example: true, description: 'The account has a second factor. Send its code next.' })
  totp_required: true;

  /**
   * For `POST /auth/totp/login` or, in a browser, `POST /auth/session/totp`. Allows five attempts.
   * @example nxt_dGhlIHNlY3JldCBvZiBhIHNpZ24taW4gY2hhbGxlbmdl
   */
  challenge_token: string;

  /**
   * Seconds until the challenge expires.
   * @example 300
   */
  expires_in: number;
}

/** Documents the answer of a sign-in: tokens, or the demand for the second factor. */
export const ApiSignedIn = (description: string) =>
  applyDecorators(
    ApiExtraModels(SignedInDto, TotpRequiredDto),
    ApiOkResponse({
      description: `${description} An account with a second factor gets a challenge for POST /auth/totp/login instead.`,
      schema: { oneOf: [{ $ref: getSchemaPath(SignedInDto) }, { $ref: getSchemaPath(TotpRequiredDto) }] },
    }),
  );
