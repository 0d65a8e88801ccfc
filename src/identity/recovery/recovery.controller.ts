import { Body, Controller, HttpCode, Ip, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Settings } from '../../platform/config/settings.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { Public } from '../../platform/http/public.decorator.js';
import { SecretAnswer } from '../../platform/http/secret-answer.decorator.js';
import { Access } from '../access.decorator.js';
import { DoneDto, SignedInDto } from '../accounts/dto/auth.dto.js';
import { SignInService } from '../accounts/sign-in.service.js';
import { browserOf, rememberBrowser } from '../oauth/browser-cookie.js';
import { CurrentPrincipal } from '../principal.decorator.js';
import type { Principal } from '../principal.js';
import { ApiSignedIn, TotpRequiredDto } from '../totp/dto/totp.dto.js';
import { AcceptedDto, EmailDto, MailedTokenDto, ResetPasswordDto } from './dto/recovery.dto.js';
import { RecoveryService } from './recovery.service.js';

@ApiTags('sign-in')
@Bare()
@Controller('auth')
export class RecoveryController {
  constructor(
    private readonly recovery: RecoveryService,
    private readonly signIn: SignInService,
    private readonly settings: Settings,
  ) {}

  /** Sends a mail with a token that is valid for 15 minutes. The answer is the same whether or not the address has an account. */
  @Post('password/forgot')
  @Public()
  @SecretAnswer()
  @HttpCode(202)
  @ApiOperation({ summary: 'Request a password reset', operationId: 'forgotPassword' })
  @ApiAcceptedResponse({ type: AcceptedDto, description: 'Accepted. If the address has an account, a mail follows.' })
  @ApiErrors(400, 429)
  async forgot(@Body() { email }: EmailDto, @Ip() address: string): Promise<AcceptedDto> {
    await this.recovery.request('password_reset', email, { address });
    return { accepted: true };
  }

  /** Ends every sign-in of the account. The token can be used once, in any browser; it does not sign in. */
  @Post('password/reset')
  @Public()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({ summary: 'Set a new password with a mailed token', operationId: 'resetPassword' })
  @ApiOkResponse({ type: DoneDto, description: 'Changed. Sign in with the new password.' })
  @ApiErrors(400, 401, 429)
  async reset(@Body() { token, password }: ResetPasswordDto, @Ip() address: string): Promise<DoneDto> {
    await this.recovery.resetPassword(token, password, address);
    return { done: true };
  }

  /** Takes the token of the mail that registration sends. Only a sign-in of the account itself can verify its address. */
  @Post('email/verify')
  @Access('viewer')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({ summary: 'Verify your e-mail address', operationId: 'verifyEmail' })
  @ApiOkResponse({ type: DoneDto, description: 'Verified.' })
  @ApiErrors(400, 403, 429)
  async verify(@CurrentPrincipal() principal: Principal, @Body() { token }: MailedTokenDto): Promise<DoneDto> {
    await this.recovery.verifyEmail(principal, token);
    return { done: true };
  }

  /** Sends the verification mail again. A verified address gets none. The body is empty. */
  @Post('email/verify/resend')
  @Access('viewer')
  @HttpCode(202)
  @ApiOperation({ summary: 'Request another verification mail', operationId: 'resendVerification' })
  @ApiAcceptedResponse({ type: AcceptedDto, description: 'Accepted.' })
  @ApiErrors(400, 403, 429)
  async resend(@CurrentPrincipal() { user_id }: Principal, @Ip() address: string): Promise<AcceptedDto> {
    await this.recovery.requestVerification(user_id, address);
    return { accepted: true };
  }

  /**
   * Sends a sign-in token that is valid for 15 minutes, only in the browser that asked (cookie `nexus_sign_in`). The answer is
   * the same whether or not the address has an account. An account whose address is not verified gets a password reset instead.
   */
  @Post('magic-link')
  @Public()
  @SecretAnswer()
  @HttpCode(202)
  @ApiOperation({ summary: 'Request a sign-in link', operationId: 'requestMagicLink' })
  @ApiAcceptedResponse({ type: AcceptedDto, description: 'Accepted. If the address has an account, a mail follows.' })
  @ApiErrors(400, 429)
  async magicLink(
    @Body() { email }: EmailDto,
    @Ip() address: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AcceptedDto> {
    const browser = rememberBrowser(request, response, this.settings.isProduction);
    await this.recovery.request('magic_link', email, { address, browser });
    return { accepted: true };
  }

  /** Send it with the cookie of the browser that asked. */
  @Post('magic-link/verify')
  @Public()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({ summary: 'Sign in with a mailed token', operationId: 'verifyMagicLink' })
  @ApiSignedIn('Signed in.')
  @ApiErrors(400, 401, 403, 409, 429)
  async verifyMagicLink(
    @Body() { token }: MailedTokenDto,
    @Req() request: Request,
  ): Promise<SignedInDto | TotpRequiredDto> {
    const user = await this.recovery.redeemMagicLink(token, browserOf(request));
    return this.signIn.afterFirstFactor(user, 'magic_link');
  }
}
