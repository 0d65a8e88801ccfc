import { Body, Controller, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Settings } from '../../platform/config/settings.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { Public } from '../../platform/http/public.decorator.js';
import { SecretAnswer } from '../../platform/http/secret-answer.decorator.js';
import { ConflictError, PermissionDeniedError } from '../../shared/domain-error.js';
import { RegisterDto, SignedInDto } from '../authentication/dto/auth.dto.js';
import { RegistrationService } from '../accounts/registration.service.js';
import { SignInService } from '../authentication/sign-in.service.js';
import { RecoveryService } from '../accounts/recovery.service.js';
import { ApiSignedIn, TotpRequiredDto } from '../totp/dto/totp.dto.js';
import { AcceptInvitationDto } from './dto/organization.dto.js';
import { InvitationsService } from './invitations.service.js';

/** How people come to the platform: by themselves, or invited. */
@ApiTags('sign-in')
@Bare()
@Public()
@Controller('auth')
export class JoiningController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly invitations: InvitationsService,
    private readonly signIn: SignInService,
    private readonly recovery: RecoveryService,
    private readonly settings: Settings,
  ) {}

  /** Only where the platform allows it (`NEXUS_ALLOW_REGISTRATION`). A mail asks to verify the address. */
  @Post('register')
  @SecretAnswer()
  @ApiOperation({ summary: 'Register with a new organisation', operationId: 'register' })
  @ApiCreatedResponse({
    type: SignedInDto,
    description: 'You administer the new organisation and are signed in to it.',
  })
  @ApiErrors(400, 403, 409)
  async register(@Body() { organization_name, ...given }: RegisterDto, @Ip() address: string): Promise<SignedInDto> {
    if (!this.settings.get('NEXUS_ALLOW_REGISTRATION'))
      throw new PermissionDeniedError('Registration is closed', {
        suggestion: 'Ask an administrator for an invitation.',
      });
    const made = await this.registration.withOrganization({ ...given, email_verified: false }, organization_name);
    if (!made) throw new ConflictError('This e-mail address cannot be registered', { suggestion: 'Sign in instead.' });
    await this.recovery.requestVerification(made.user.user_id, address);
    return this.signIn.of(made.user, 'registration', made.membership);
  }

  /** A new user sends name and password; an account sends its password. Without a name, a new user is answered 401. */
  @Post('invitations/accept')
  @SecretAnswer()
  @HttpCode(200)
  @ApiOperation({ summary: 'Accept an invitation', operationId: 'acceptInvitation' })
  @ApiSignedIn('You are a member and signed in.')
  @ApiErrors(400, 401, 404, 409, 429)
  async accept(
    @Body() { invitation_token, ...given }: AcceptInvitationDto,
    @Ip() address: string,
  ): Promise<SignedInDto | TotpRequiredDto> {
    const { user, membership } = await this.invitations.accept(invitation_token, { ...given, address });
    return this.signIn.afterFirstFactor(user, 'invitation', membership);
  }
}
