import { Body, Controller, Get, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { Public } from '../../platform/http/public.decorator.js';
import { SecretAnswer } from '../../platform/http/secret-answer.decorator.js';
import { Access } from '../access.decorator.js';
import { CurrentPrincipal } from '../principal.decorator.js';
import type { Principal } from '../principal.js';
import { SessionsEndService } from '../tokens/sessions-end.service.js';
import { RefreshService } from '../tokens/refresh.service.js';
import { ApiSignedIn, TotpRequiredDto } from '../totp/dto/totp.dto.js';
import { AccountService } from './account.service.js';
import { ChangePasswordDto, DoneDto, LoginDto, MeDto, RefreshDto, SignedInDto, TokensDto } from './dto/auth.dto.js';
import { SignInService } from './sign-in.service.js';

@ApiTags('sign-in')
@Bare()
@Controller('auth')
export class AuthController {
  constructor(
    private readonly signIn: SignInService,
    private readonly refreshes: RefreshService,
    private readonly ends: SessionsEndService,
    private readonly account: AccountService,
  ) {}

  /** Five failures in 15 minutes lock the account for your address for 15 minutes. */
  @Post('login')
  @Public()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({ summary: 'Sign in with a password', operationId: 'login' })
  @ApiSignedIn('Tokens for the first organisation of the user.')
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
  @ApiOperation({ summary: 'Get new tokens', operationId: 'refreshTokens' })
  @ApiOkResponse({ type: TokensDto, description: 'The next pair; the token that was sent is used up.' })
  @ApiErrors(400, 401, 409)
  async refresh(@Body() { refresh_token }: RefreshDto): Promise<TokensDto> {
    const { access_token, refresh_token: next, token_type, expires_in } = await this.refreshes.refresh(refresh_token);
    return { access_token, refresh_token: next, token_type, expires_in };
  }

  /** Neither the access token nor the refresh tokens of this sign-in are taken any more. */
  @Post('logout')
  @Access('viewer')
  @HttpCode(200)
  @ApiOperation({ summary: 'Sign out', operationId: 'logout' })
  @ApiOkResponse({ type: DoneDto, description: 'Signed out.' })
  @ApiErrors(400, 403)
  async logout(@CurrentPrincipal() principal: Principal): Promise<DoneDto> {
    await this.ends.end(principal);
    return { done: true };
  }

  @Get('me')
  @Access('viewer')
  @ApiOperation({ summary: 'Who am I', operationId: 'getMe' })
  @ApiOkResponse({ type: MeDto, description: 'The user, the present organisation and the others.' })
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
  @ApiOperation({ summary: 'Change the password', operationId: 'changePassword' })
  @ApiOkResponse({ type: DoneDto, description: 'Changed; this sign-in goes on.' })
  @ApiErrors(400, 403, 404, 409, 429)
  async password(
    @CurrentPrincipal() principal: Principal,
    @Body() body: ChangePasswordDto,
    @Ip() address: string,
  ): Promise<DoneDto> {
    await this.account.changePassword(principal, body.current, body.new, address);
    await this.ends.recordPasswordChange(principal);
    return { done: true };
  }
}
