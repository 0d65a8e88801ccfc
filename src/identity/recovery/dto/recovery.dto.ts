import { IsEmail, IsString, Length, MaxLength } from 'class-validator';

export class EmailDto {
  /** @example ada@example.com */
  @IsEmail()
  @MaxLength(254)
  email: string;
}

export class MailedTokenDto {
  /**
   * The token of the mail.
   * @example nxm_01KAG4ZQ4N5B1M6Z6K0TQX0N3RdGhlIHRva2VuIG9mIGEgbWFpbCBmb3IgYW4gZXhhbXBsZQ
   */
  @IsString()
  @Length(1, 200)
  token: string;
}

export class ResetPasswordDto extends MailedTokenDto {
  /**
   * At least 12 characters, not one of the commonest.
   * @example 'nine purple lanterns'
   */
  @IsString()
  @Length(1, 1000)
  password: string;
}

export class AcceptedDto {
  /**
   * The request is stored. Whether a mail follows depends on the address.
   * @example true
   */
  accepted: boolean;
}
