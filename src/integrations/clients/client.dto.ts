import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { CLIENT_LANGUAGES, type ClientLanguageName } from './client-language.js';

export class GenerateClientDto {
  @ApiProperty({ enum: CLIENT_LANGUAGES })
  @IsIn(CLIENT_LANGUAGES)
  language: ClientLanguageName;

  /**
   * Lowercase letters, digits and hyphens. Defaults to the API's title followed by `-client`.
   * @example shop-client
   */
  @IsOptional()
  @IsString()
  @Matches(/^[a-z](?:-?[a-z0-9]){1,49}$/, {
    message: 'package_name must have 2 to 50 lowercase letters, digits and single hyphens, starting with a letter',
  })
  package_name?: string;
}
