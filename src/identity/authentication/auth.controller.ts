import { Body, Controller, Get, HttpCode, Ip, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiErrors, ApiPublicErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { Public, SecretAnswer } from '../../platform/http/route.decorators.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import { AccountService } from './account.service.js';
import { RecoveryService } from './recovery.service.js';
import type { Principal } from '../principal.js';
import { ApiSignedIn, TotpRequiredDto } from './dto/totp.dto.js';
import { BrowserCookies } from './browser-cookies.js';
import {
  AcceptedDto,
  ChangePasswordDto,
  DoneDto,
  EmailDto,
  LoginDto,
  MailedTokenDto,
  MeDto,
  RefreshDto,
  ResetPasswordDto,
  SignedInDto,
  TokensDto,
} from './dto/auth.dto.js';
import { SignInService } from './sign-in.service.js';
import { SignInsService, TokensService } from './tokens.service.js';

@ApiTags('sign-in')
@Bare()
@Controller('auth')
export class AuthController {
  constructor(
    private readonly signIn: SignInService,
    private readonly tokens: TokensService,
    private readonly signIns: SignInsService,
    private readonly account: AccountService,
    private readonly recovery: RecoveryService,
    private readonly cookies: BrowserCookies,
  ) {}

  /** Five failures in 15 minutes lock the account for your address for 15 minutes. */
  @Post('login')
  @Public()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sign in with a password',
    operationId: 'login',
    description:
      'Checks the email address and password. Send the access token as `Authorization: Bearer …`; it is valid for 15 minutes. Five wrong passwords within 15 minutes lock the account for your IP address (IPv6: its /64) for 15 minutes. 25 within 15 minutes from all addresses together lock it for every address that has not signed in to it within the last 30 days.',
  })
  @ApiSignedIn("Tokens for the user's first organization.")
  @ApiErrors(400, 401, 403, 429)
  login(@Body() { email, password }: LoginDto, @Ip() address: string): Promise<SignedInDto | TotpRequiredDto> {
    return this.signIn.withPassword(email, password, address);
  }

  /**
   * Exchanges a refresh token for a new pair. The same token again within 10 seconds is answered 409 and changes nothing;
   * later, it ends the whole sign-in.
   */
  @Post('refresh')
  @Public()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Refresh tokens',
    operationId: 'refreshTokens',
    description:
      'Exchanges a refresh token for a new access token and a new refresh token. A refresh token works once. Sending it again within 10 seconds returns 409; later, it ends the sign-in, because the token may be stolen. A sign-in ends after 30 days, however often it is refreshed.',
  })
  @ApiOkResponse({
    type: TokensDto,
    description: 'The new tokens. The refresh token that you sent is no longer valid.',
  })
  @ApiErrors(400, 401, 409)
  async refresh(@Body() { refresh_token }: RefreshDto): Promise<TokensDto> {
    const { access_token, refresh_token: next, token_type, expires_in } = await this.tokens.refresh(refresh_token);
    return { access_token, refresh_token: next, token_type, expires_in };
  }

  /** Neither the access token nor the refresh tokens of this sign-in are taken any more. */
  @Post('logout')
  @Access('viewer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sign out',
    operationId: 'logout',
    description: 'Ends this sign-in. Its access and refresh tokens are refused within 5 seconds.',
  })
  @ApiOkResponse({ type: DoneDto, description: 'Signed out.' })
  @ApiErrors(400, 403)
  async logout(@CurrentPrincipal() principal: Principal): Promise<DoneDto> {
    await this.signIns.logout(principal);
    return { done: true };
  }

  @Get('me')
  @Access('viewer')
  @ApiOperation({
    summary: 'Get the signed-in user',
    operationId: 'getMe',
    description: 'Returns the user who owns the token or key, with the organization and roles.',
  })
  @ApiOkResponse({
    type: MeDto,
    description: "The user, the current organization and all of the user's organizations.",
  })
  @ApiErrors(404)
  async me(@CurrentPrincipal() { user_id, org_id, roles, via }: Principal): Promise<MeDto> {
    const [user, all] = await Promise.all([this.account.get(user_id), this.account.organizationsOf(user_id)]);
    const { email, name, email_verified, totp_enabled = false, created_at } = user;
    const organizations = all.map(({ organization, membership }) => ({
      org_id: organization.org_id,
      name: organization.name,
      roles: membership.roles,
    }));
    return { user_id, email, email_verified, totp_enabled, name, org_id, roles, via, organizations, created_at };
  }

  /** Signs every other sign-in of the user out. */
  @Post('password')
  @Access('viewer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Change your password',
    operationId: 'changePassword',
    description: 'Requires your current password. Ends all your other sign-ins.',
  })
  @ApiOkResponse({ type: DoneDto, description: 'The password is changed. This sign-in stays valid.' })
  @ApiErrors(400, 403, 404, 409, 429)
  async password(
    @CurrentPrincipal() principal: Principal,
    @Body() body: ChangePasswordDto,
    @Ip() address: string,
  ): Promise<DoneDto> {
    await this.account.changePassword(principal, body.current, body.new, address);
    await this.signIns.recordPasswordChange(principal);
    return { done: true };
  }

  /** Sends a mail with a token that is valid for 15 minutes. The answer is the same whether or not the address has an account. */
  @Post('password/forgot')
  @Public()
  @SecretAnswer()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Request a password reset',
    operationId: 'forgotPassword',
    description:
      'Sends an email with a single-use token that is valid for 15 minutes. The response does not reveal whether the address has an account.',
  })
  @ApiAcceptedResponse({ type: AcceptedDto, description: 'Accepted. If the address has an account, an email follows.' })
  @ApiPublicErrors(400, 403, 429)
  async forgot(@Body() { email }: EmailDto, @Ip() address: string): Promise<AcceptedDto> {
    await this.recovery.request('password_reset', email, { address });
    return { accepted: true };
  }

  /** Ends every sign-in of the account. The token can be used once, in any browser; it does not sign in. */
  @Post('password/reset')
  @Public()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Set a new password with an emailed token',
    operationId: 'resetPassword',
    description:
      'Takes the single-use token from a reset email. Ends every sign-in of the account. The second factor stays enabled unless the email address was never verified.',
  })
  @ApiOkResponse({ type: DoneDto, description: 'The password is changed. Sign in with the new one.' })
  @ApiErrors(400, 401, 429)
  async reset(@Body() { token, password }: ResetPasswordDto, @Ip() address: string): Promise<DoneDto> {
    await this.recovery.resetPassword(token, password, address);
    return { done: true };
  }

  /**
   * Takes the token of the mail that `POST /auth/email/verify/resend` sends. Only a sign-in of the account itself can verify its
   * address.
   */
  @Post('email/verify')
  @Access('viewer')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Verify your email address',
    operationId: 'verifyEmail',
    description:
      'Takes the single-use token from a verification email. Sign in to the account first: the token is valid for that account only.',
  })
  @ApiOkResponse({ type: DoneDto, description: 'The address is verified.' })
  @ApiErrors(400, 403, 429)
  async verify(@CurrentPrincipal() principal: Principal, @Body() { token }: MailedTokenDto): Promise<DoneDto> {
    await this.recovery.verifyEmail(principal, token);
    return { done: true };
  }

  /** Sends the verification mail again. A verified address gets none. The body is empty. */
  @Post('email/verify/resend')
  @Access('viewer')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Request another verification email',
    operationId: 'resendVerification',
    description: 'Sends another verification email to your own address. A verified address gets no email.',
  })
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
  @ApiOperation({
    summary: 'Request a sign-in link',
    operationId: 'requestMagicLink',
    description:
      'Sends a link that signs you in without a password. It works once, within 15 minutes, in the browser that requested it. The response does not reveal whether the address has an account.',
  })
  @ApiAcceptedResponse({ type: AcceptedDto, description: 'Accepted. If the address has an account, an email follows.' })
  @ApiPublicErrors(400, 403, 429)
  async magicLink(
    @Body() { email }: EmailDto,
    @Ip() address: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AcceptedDto> {
    const browser = this.cookies.setSignInSecret(request, response);
    await this.recovery.request('magic_link', email, { address, browser });
    return { accepted: true };
  }

  /** Send it with the cookie of the browser that asked. */
  @Post('magic-link/verify')
  @Public()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sign in with an emailed token',
    operationId: 'verifyMagicLink',
    description: 'Takes the token from a sign-in email. It works once, only in the browser that requested it.',
  })
  @ApiSignedIn('Signed in.')
  @ApiErrors(400, 401, 403, 409, 429)
  async verifyMagicLink(
    @Body() { token }: MailedTokenDto,
    @Req() request: Request,
  ): Promise<SignedInDto | TotpRequiredDto> {
    const user = await this.recovery.redeemMagicLink(token, this.cookies.signInSecret(request));
    return this.signIn.afterFirstFactor(user, 'magic_link');
  }
}
