import { Body, Controller, Delete, HttpCode, Ip, Post, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiErrors, ApiData, ApiPublicErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { Public, SecretAnswer } from '../../platform/http/route.decorators.js';
import { UnauthenticatedError } from '../../shared/domain-error.js';
import { ACCESS_TOKEN_SECONDS, AccessTokens } from './access-tokens.js';
import {
  DoneDto,
  LoginDto,
  BrowserSessionDto,
  BrowserSignedInDto,
  RefreshSessionDto,
  StartLinkDto,
  type TokensDto,
  CreateStreamTicketDto,
  StreamTicketDto,
} from './dto/auth.dto.js';
import { type SignedIn, SignInService } from './sign-in.service.js';
import { StartLink } from './start-link.service.js';
import { SignInsService, TokensService } from './tokens.service.js';
import { TotpLoginDto, TotpRequiredDto } from './dto/totp.dto.js';
import { TotpService } from '../totp/totp.service.js';
import { BrowserCookies } from './browser-cookies.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Principal } from '../principal.js';
import { StreamTickets, TICKET_SECONDS } from './stream-tickets.service.js';

/** The sign-in of a browser, in cookies that its scripts cannot read. The checks are those of every other sign-in. */
@ApiTags('sign-in')
@Bare()
@Public()
@Controller('auth/session')
export class BrowserSessionController {
  constructor(
    private readonly signIn: SignInService,
    private readonly totp: TotpService,
    private readonly tokens: TokensService,
    private readonly signIns: SignInsService,
    private readonly startLink: StartLink,
    private readonly access: AccessTokens,
    private readonly cookies: BrowserCookies,
  ) {}

  /** Sets the cookies of the access and the refresh token (HttpOnly, SameSite=Lax, Secure in production) and of the CSRF token. */
  @Post()
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sign a browser in with a password',
    operationId: 'createBrowserSession',
    description:
      'Like `POST /auth/login`, for web pages: the tokens are set as cookies that scripts cannot read. With each request that is not a GET, send the value of the `nexus_csrf` cookie (`__Host-nexus_csrf` in production) in the `X-CSRF-Token` header.',
  })
  @ApiExtraModels(BrowserSignedInDto, TotpRequiredDto)
  @ApiOkResponse({
    description:
      "Signed in to the user's first organization. An account with a second factor gets a challenge for POST /auth/session/totp instead.",
    schema: { oneOf: [{ $ref: getSchemaPath(BrowserSignedInDto) }, { $ref: getSchemaPath(TotpRequiredDto) }] },
  })
  @ApiErrors(400, 401, 403, 429)
  async create(
    @Body() { email, password }: LoginDto,
    @Ip() address: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BrowserSignedInDto | TotpRequiredDto> {
    const answer = await this.signIn.withPassword(email, password, address);
    return 'totp_required' in answer ? answer : this.signedIn(response, answer);
  }

  /**
   * Development prints a sign-in link at its start. Its code signs the administrator in once, within 15 minutes, from the platform's own
   * machine. Elsewhere every code is refused.
   */
  @Post('link')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sign a browser in with the startup link',
    operationId: 'createBrowserSessionWithLink',
    description:
      'Takes the code from the sign-in link that the platform prints at startup in development. The code works once, within 15 minutes, only from the machine that runs the platform.',
  })
  @ApiOkResponse({
    description: 'Signed in, or a second-factor challenge, as for POST /auth/session.',
    schema: { oneOf: [{ $ref: getSchemaPath(BrowserSignedInDto) }, { $ref: getSchemaPath(TotpRequiredDto) }] },
  })
  @ApiErrors(400, 401, 403, 429)
  async withLink(
    @Body() { code }: StartLinkDto,
    @Ip() address: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BrowserSignedInDto | TotpRequiredDto> {
    const user = await this.startLink.redeem(code, address);
    const answer = await this.signIn.afterFirstFactor(user, 'start_link');
    return 'totp_required' in answer ? answer : this.signedIn(response, answer);
  }

  /** At most five attempts for one challenge. A code can be used once. */
  @Post('totp')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: "Finish a browser's sign-in with the second factor",
    operationId: 'createBrowserSessionWithTotp',
    description: 'Like `POST /auth/totp/login`, but sets the tokens as cookies.',
  })
  @ApiOkResponse({ type: BrowserSignedInDto, description: 'Signed in.' })
  @ApiErrors(400, 401, 403, 429)
  async second(
    @Body() { challenge_token, code }: TotpLoginDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BrowserSignedInDto> {
    const { user, method, membership } = await this.totp.redeem(challenge_token, code);
    return this.signedIn(response, await this.signIn.of(user, method, membership));
  }

  /**
   * New tokens, in cookies. Two tabs that refresh within 10 seconds: the second gets 409 and continues with the cookies that the
   * first was given.
   */
  @Post('refresh')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: "Refresh a browser's sign-in",
    operationId: 'refreshBrowserSession',
    description:
      'Replaces the cookies before the access token expires. Send the cookies and the `X-CSRF-Token` header, or a `refresh_token` in the body to move another sign-in into cookies. A sign-in ends after 30 days, however often it is refreshed.',
  })
  @ApiHeader({ name: 'X-CSRF-Token', required: false, description: 'Required unless the body has a refresh token.' })
  @ApiOkResponse({ type: BrowserSessionDto, description: 'The cookies are replaced.' })
  @ApiErrors(400, 401, 403, 409)
  async refresh(
    @Body() { refresh_token }: RefreshSessionDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BrowserSessionDto> {
    const pair = await this.tokens.refresh(refresh_token ?? (await this.cookieOf(request)));
    return this.session(response, pair);
  }

  /** Ends the sign-in with all of its tokens and removes the cookies. Safe to repeat. */
  @Delete()
  @SecretAnswer()
  @ApiOperation({
    summary: 'Sign a browser out',
    operationId: 'deleteBrowserSession',
    description: "Ends the browser's sign-in and clears its cookies.",
  })
  @ApiHeader({ name: 'X-CSRF-Token', required: false, description: 'Required while the browser is signed in.' })
  @ApiOkResponse({ type: DoneDto, description: 'Signed out, even if there was no sign-in.' })
  @ApiPublicErrors(403)
  async end(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<DoneDto> {
    const secret = this.cookies.refreshToken(request);
    const family = secret === undefined ? undefined : await this.tokens.familyOf(secret);
    if (family) {
      this.cookies.requireCsrfToken(request, family.family_id);
      await this.signIns.endFamily(family);
    }
    this.cookies.clear(response);
    return { done: true };
  }

  private async cookieOf(request: Request): Promise<string> {
    const secret = this.cookies.refreshToken(request);
    if (secret === undefined)
      throw new UnauthenticatedError('This browser has no session', { suggestion: 'Sign in with POST /auth/session.' });
    const family = await this.tokens.familyOf(secret);
    if (family) this.cookies.requireCsrfToken(request, family.family_id);
    return secret;
  }

  private signedIn(response: Response, signedIn: SignedIn): BrowserSignedInDto {
    return { ...this.session(response, signedIn), user: signedIn.user };
  }

  private session(response: Response, pair: TokensDto): BrowserSessionDto {
    const csrf_token = this.cookies.set(response, pair, this.access.familyIn(pair.access_token));
    return { csrf_token, expires_in: ACCESS_TOKEN_SECONDS };
  }
}

@ApiTags('sign-in')
@Controller('stream-tickets')
export class StreamTicketsController {
  constructor(private readonly tickets: StreamTickets) {}

  /**
   * `EventSource` cannot send headers. A ticket opens one event stream once, within 60 seconds, as the caller: whether the caller may
   * read it is decided when it is opened. A reconnect needs another ticket and continues with `?last_event_id=`.
   */
  @Post()
  @Access('viewer')
  @SecretAnswer()
  @ApiOperation({
    summary: 'Get a ticket for an event stream',
    operationId: 'createStreamTicket',
    description:
      'For `EventSource`, which cannot send headers. Pass the ticket as `?ticket=…` to open the event stream once, within 60 seconds.',
  })
  @ApiData(StreamTicketDto, { status: 201, description: 'The ticket. It is shown once.' })
  @ApiErrors(400)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() { path }: CreateStreamTicketDto,
  ): Promise<StreamTicketDto> {
    const { ticket, expires_at } = await this.tickets.issue(principal, path);
    return { ticket, url: `${path}?ticket=${ticket}`, expires_in: TICKET_SECONDS, expires_at };
  }
}
