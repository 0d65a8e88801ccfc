import { Controller, Delete, Get, Param, Body, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Principal } from '../principal.js';
import { DoneDto, SignInListDto, SignedInDto } from './dto/auth.dto.js';
import { SignInsService } from './tokens.service.js';
import { Public, SecretAnswer } from '../../platform/http/route.decorators.js';
import { AccountService } from './account.service.js';
import { SignInService } from './sign-in.service.js';
import {
  DisableTotpDto,
  EnableTotpDto,
  RecoveryCodesDto,
  TotpCodeDto,
  TotpLoginDto,
  TotpSecretDto,
} from './dto/totp.dto.js';
import { TotpService } from '../totp/totp.service.js';

@ApiTags('sign-in')
@Bare()
@Access('viewer')
@Controller('auth/sessions')
export class SignInsController {
  constructor(private readonly signIns: SignInsService) {}

  /** Your own, in all of your organizations, newest first, at most 100. */
  @Get()
  @ApiOperation({
    summary: 'List your sign-ins',
    operationId: 'listSignIns',
    description: 'Lists your own sign-ins in all of your organizations, newest first, at most 100.',
  })
  @ApiOkResponse({ type: SignInListDto, description: 'Your active sign-ins.' })
  @ApiErrors(403)
  async list(@CurrentPrincipal() principal: Principal): Promise<SignInListDto> {
    const all = await this.signIns.list(principal);
    const sessions = all.map(({ family_id, device, address, created_at, last_used_at, current }) => ({
      session_id: family_id,
      device,
      address,
      created_at,
      last_used_at,
      current,
    }));
    return { sessions, total: sessions.length };
  }

  /** Its access and refresh tokens are refused from now on, in other processes within 5 seconds. */
  @Delete(':session_id')
  @ApiOperation({
    summary: 'End one of your sign-ins',
    operationId: 'endSignIn',
    description: 'Ends one of your own sign-ins. Its tokens are refused within 5 seconds.',
  })
  @ApiOkResponse({ type: DoneDto, description: 'The sign-in has ended.' })
  @ApiErrors(403, 404)
  async end(@CurrentPrincipal() principal: Principal, @Param('session_id') session_id: string): Promise<DoneDto> {
    await this.signIns.end(principal, session_id);
    return { done: true };
  }
}

@ApiTags('sign-in')
@Bare()
@Controller('auth/totp')
export class TotpController {
  constructor(
    private readonly totp: TotpService,
    private readonly account: AccountService,
    private readonly signIn: SignInService,
  ) {}

  /** Add the secret to an authenticator, then confirm with a code. Until then sign-in stays as it is. */
  @Post('enable')
  @Access('viewer')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Start setting up a second factor',
    operationId: 'enableTotp',
    description:
      'Creates a secret for an authenticator app. `POST /auth/totp/confirm` then enables the second factor. Requires your password if the account has one.',
  })
  @ApiOkResponse({ type: TotpSecretDto, description: 'The secret. It is shown once.' })
  @ApiErrors(400, 403, 404, 429)
  async enable(
    @CurrentPrincipal() principal: Principal,
    @Body() { password }: EnableTotpDto,
    @Ip() address: string,
  ): Promise<TotpSecretDto> {
    return this.totp.enable(await this.account.requireOwner(principal, password, address));
  }

  /** From now on every sign-in of the account asks for a code, through a password, a provider, an invitation or a link. */
  @Post('confirm')
  @Access('viewer')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Enable the second factor',
    operationId: 'confirmTotp',
    description:
      'Takes a code from the authenticator app, enables the second factor and returns recovery codes. Each recovery code can replace an authenticator code once.',
  })
  @ApiOkResponse({ type: RecoveryCodesDto, description: 'The recovery codes. They are shown once.' })
  @ApiErrors(400, 403, 404, 429)
  async confirm(@CurrentPrincipal() principal: Principal, @Body() { code }: TotpCodeDto): Promise<RecoveryCodesDto> {
    return { recovery_codes: await this.totp.confirm(await this.account.requireSelf(principal), code) };
  }

  /** Takes a code of the authenticator or a recovery code. */
  @Post('disable')
  @Access('viewer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Disable the second factor',
    operationId: 'disableTotp',
    description:
      'Requires a code from the authenticator app or a recovery code, and your password if the account has one.',
  })
  @ApiOkResponse({
    type: DoneDto,
    description: 'The second factor is disabled. Its secret and recovery codes are deleted.',
  })
  @ApiErrors(400, 403, 404, 429)
  async disable(
    @CurrentPrincipal() principal: Principal,
    @Body() { password, code }: DisableTotpDto,
    @Ip() address: string,
  ): Promise<DoneDto> {
    await this.totp.disable(await this.account.requireOwner(principal, password, address), code);
    return { done: true };
  }

  /** At most five attempts for one challenge. A code can be used once. */
  @Post('login')
  @Public()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Finish a sign-in with the second factor',
    operationId: 'loginWithTotp',
    description:
      'Takes the challenge that the sign-in returned, with an authenticator code or a recovery code. A challenge is valid for 5 minutes and five attempts.',
  })
  @ApiOkResponse({ type: SignedInDto, description: 'Signed in.' })
  @ApiErrors(400, 401, 403, 429)
  async login(@Body() { challenge_token, code }: TotpLoginDto): Promise<SignedInDto> {
    const { user, method, membership } = await this.totp.redeem(challenge_token, code);
    return this.signIn.of(user, method, membership);
  }
}
