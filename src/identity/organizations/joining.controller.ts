import { Body, Controller, HttpCode, Ip, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Settings } from '../../platform/config/settings.js';
import { ApiErrors, ApiPublicErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { Public, SecretAnswer } from '../../platform/http/route.decorators.js';
import { PermissionDeniedError } from '../../shared/domain-error.js';
import { RecoveryService } from '../authentication/recovery.service.js';
import { BrowserCookies } from '../authentication/browser-cookies.js';
import { AcceptedDto, MailedTokenDto, RegisterDto, SignedInDto } from '../authentication/dto/auth.dto.js';
import { SignInService } from '../authentication/sign-in.service.js';
import { ApiSignedIn, TotpRequiredDto } from '../authentication/dto/totp.dto.js';
import { AcceptInvitationDto } from './dto/organization.dto.js';
import { InvitationsService } from './invitations.service.js';

/** How people come to the platform: by themselves, or invited. */
@ApiTags('sign-in')
@Bare()
@Public()
@Controller('auth')
export class JoiningController {
  constructor(
    private readonly invitations: InvitationsService,
    private readonly signIn: SignInService,
    private readonly recovery: RecoveryService,
    private readonly cookies: BrowserCookies,
    private readonly settings: Settings,
  ) {}

  /**
   * Only where the platform allows it (`NEXUS_ALLOW_REGISTRATION`). Sends a mail with a token that is valid for 15 minutes, only
   * in the browser that registered (cookie `nexus_sign_in`). The answer is the same whether or not the address has an account;
   * one that has an account gets a mail that says so, without a token.
   */
  @Post('register')
  @SecretAnswer()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Register with a new organization',
    operationId: 'register',
    description:
      'Sends an email with a token that is valid for 15 minutes. Confirming the token creates the account and an organization. Returns 403 unless `NEXUS_ALLOW_REGISTRATION` is true.',
  })
  @ApiAcceptedResponse({
    type: AcceptedDto,
    description: 'Accepted. Confirm the registration with the token in the email that follows.',
  })
  @ApiPublicErrors(400, 403, 429)
  async register(
    @Body() given: RegisterDto,
    @Ip() address: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AcceptedDto> {
    this.requireOpenRegistration();
    const browser = this.cookies.setSignInSecret(request, response);
    await this.recovery.requestRegistration(given, { address, browser });
    return { accepted: true };
  }

  /** Creates the account and its organization. Send the token of the mail with the cookie of the browser that registered. */
  @Post('register/confirm')
  @SecretAnswer()
  @ApiOperation({
    summary: 'Confirm a registration with an emailed token',
    operationId: 'confirmRegistration',
    description:
      'Takes the token from a registration email, in the browser that registered. Creates the account and its organization, and signs you in.',
  })
  @ApiCreatedResponse({
    type: SignedInDto,
    description: 'The account and its organization are created. You are signed in as its administrator.',
  })
  @ApiErrors(400, 401, 403, 409, 429)
  async confirm(@Body() { token }: MailedTokenDto, @Req() request: Request): Promise<SignedInDto> {
    this.requireOpenRegistration();
    const { user, membership } = await this.recovery.confirmRegistration(token, this.cookies.signInSecret(request));
    return this.signIn.of(user, 'registration', membership);
  }

  /** A new user sends name and password; an account sends its password. Without a name, a new user is answered 401. */
  @Post('invitations/accept')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Accept an invitation',
    operationId: 'acceptInvitation',
    description:
      "Takes the token from an invitation. A new user sends a name and a password; an existing user sends the account's password.",
  })
  @ApiSignedIn('You are now a member and signed in.')
  @ApiErrors(400, 401, 404, 409, 429)
  async accept(
    @Body() { invitation_token, ...given }: AcceptInvitationDto,
    @Ip() address: string,
  ): Promise<SignedInDto | TotpRequiredDto> {
    const { user, membership } = await this.invitations.accept(invitation_token, { ...given, address });
    return this.signIn.afterFirstFactor(user, 'invitation', membership);
  }

  private requireOpenRegistration(): void {
    if (!this.settings.get('NEXUS_ALLOW_REGISTRATION'))
      throw new PermissionDeniedError('Registration is closed', {
        suggestion: 'Ask an administrator for an invitation.',
      });
  }
}
