import { IsOptional, IsString, MaxLength } from 'class-validator';

export class ExchangeDto {
  /**
   * What the callback handed over; good once, for a minute.
   * @example nxo_Zk3v0y7n1m4b8q2w5e6r9t0u1i2o3p4a5s6d7f8g9h0
   */
  @IsString()
  @MaxLength(200)
  code: string;

  /** Only for an account that was registered with a password and whose address was never proven; the first answer says so. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  password?: string;
}

export class OAuthCodeDto {
  /** @example nxo_Zk3v0y7n1m4b8q2w5e6r9t0u1i2o3p4a5s6d7f8g9h0 */
  code: string;

  /**
   * Seconds.
   * @example 60
   */
  expires_in: number;
}
