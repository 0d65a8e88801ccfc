import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Settings } from '../../platform/config/settings.js';
import { ApiErrors, ApiPublicErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { Public, SecretAnswer } from '../../platform/http/route.decorators.js';
import { ExchangeDto, OAuthCodeDto, SignedInDto, SignInOptionsDto } from '../authentication/dto/auth.dto.js';
import { SignInService } from '../authentication/sign-in.service.js';
import { ApiSignedIn, TotpRequiredDto } from '../authentication/dto/totp.dto.js';
import { BrowserCookies } from '../authentication/browser-cookies.js';
import { CODE_SECONDS, OAuthService } from './oauth.service.js';
import type { ProviderName } from './oauth-providers.js';

const TO_PAGE = 'Redirects browsers to the console, or everyone to `OAUTH_RETURN_URL` if it is set.';

/** Sign-in through other providers. Without client ids of a provider its routes answer 404. */
@ApiTags('sign-in')
@Bare()
@Public()
@Controller('auth')
export class OAuthController {
  constructor(
    private readonly oauth: OAuthService,
    private readonly signIn: SignInService,
    private readonly cookies: BrowserCookies,
    private readonly settings: Settings,
  ) {}

  /** For pages that sign people in. Public: it says what anyone can try. */
  @Get('options')
  @ApiOperation({
    summary: 'List sign-in options',
    operationId: 'getSignInOptions',
    description: 'Returns the configured providers, and whether registration and email are available.',
  })
  @ApiOkResponse({ type: SignInOptionsDto, description: 'The ways to sign in besides a password.' })
  @ApiPublicErrors(429)
  options(): SignInOptionsDto {
    return {
      providers: this.oauth.ways.map(({ name, label }) => ({ name, label, path: `/api/v1/auth/${name}` })),
      registration: this.settings.get('NEXUS_ALLOW_REGISTRATION'),
      mail: this.settings.get('SMTP_URL') !== undefined || this.settings.get('ENVIRONMENT') === 'development',
    };
  }

  /** For browsers: sends them to Google, or to the OpenID Connect provider that the settings name. */
  @Get('google')
  @ApiOperation({
    summary: 'Sign in with Google or another OpenID Connect provider',
    operationId: 'beginGoogle',
    description: 'Open this URL in a browser. Returns 404 unless `OAUTH_GOOGLE_CLIENT_ID` is set.',
  })
  @ApiFoundResponse({ description: 'Redirects to the provider.' })
  @ApiPublicErrors(401, 404, 429)
  google(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.begin('google', request, response);
  }

  @Get('google/callback')
  @ApiOperation({
    summary: 'Finish a Google sign-in',
    operationId: 'finishGoogle',
    description: 'The provider redirects the browser here. Do not call it from programs.',
  })
  @ApiOkResponse({ type: OAuthCodeDto, description: 'A one-time code.' })
  @ApiFoundResponse({ description: TO_PAGE })
  @ApiErrors(400, 401, 403, 404, 429)
  googleCallback(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.finish('google', request, response);
  }

  /** For browsers: sends them to GitHub. */
  @Get('github')
  @ApiOperation({
    summary: 'Sign in with GitHub',
    operationId: 'beginGithub',
    description: 'Open this URL in a browser. Returns 404 unless `OAUTH_GITHUB_CLIENT_ID` is set.',
  })
  @ApiFoundResponse({ description: 'Redirects to the provider.' })
  @ApiPublicErrors(401, 404, 429)
  github(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.begin('github', request, response);
  }

  @Get('github/callback')
  @ApiOperation({
    summary: 'Finish a GitHub sign-in',
    operationId: 'finishGithub',
    description: 'The provider redirects the browser here. Do not call it from programs.',
  })
  @ApiOkResponse({ type: OAuthCodeDto, description: 'A one-time code.' })
  @ApiFoundResponse({ description: TO_PAGE })
  @ApiErrors(400, 401, 403, 404, 429)
  githubCallback(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.finish('github', request, response);
  }

  /** Tokens for the code that a callback handed over, for the browser that began: it must send its cookies. */
  @Post('exchange')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Exchange a one-time code for tokens',
    operationId: 'exchangeCode',
    description:
      "Takes the code that the provider's callback returned. It works once, within a minute, in the browser that started the sign-in.",
  })
  @ApiSignedIn('Signed in.')
  @ApiErrors(400, 401, 403, 409, 429)
  async exchangeCode(
    @Body() { code, password }: ExchangeDto,
    @Req() request: Request,
  ): Promise<SignedInDto | TotpRequiredDto> {
    const given = { browser: this.cookies.signInSecret(request), password, address: request.ip ?? '' };
    const { user, method, membership } = await this.oauth.exchange(code, given);
    return this.signIn.afterFirstFactor(user, method, membership);
  }

  private async begin(provider: ProviderName, request: Request, response: Response): Promise<void> {
    const browser = this.cookies.setSignInSecret(request, response);
    const url = await this.oauth.begin(provider, browser);
    response.setHeader('Cache-Control', 'no-store');
    response.redirect(302, url.href);
  }

  private async finish(provider: ProviderName, request: Request, response: Response): Promise<void> {
    const { searchParams: query } = new URL(request.originalUrl, 'http://callback.invalid');
    const code = await this.oauth.finish(provider, { query, browser: this.cookies.signInSecret(request) });
    response.setHeader('Cache-Control', 'no-store');
    const page = this.settings.get('OAUTH_RETURN_URL') ?? this.consoleFor(request);
    if (page === undefined) {
      response.json({ code, expires_in: CODE_SECONDS });
      return;
    }
    const target = new URL(page);
    target.searchParams.set('code', code);
    response.redirect(302, target.href);
  }

  /** A person who looks at the answer gets a page instead of JSON. */
  private consoleFor(request: Request): string | undefined {
    const base = this.settings.get('NEXUS_PUBLIC_URL');
    const isPerson = request.headers.accept?.includes('text/html') === true;
    if (base === undefined || !isPerson || !this.settings.get('NEXUS_CONSOLE')) return undefined;
    return new URL('console/sign-in', base.endsWith('/') ? base : `${base}/`).href;
  }
}
