import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { Settings } from '../platform/config/settings.js';
import { SecretBox } from '../platform/secrets/secret-box.js';
import { AccountService } from './authentication/account.service.js';
import { AccountsRepository } from './accounts/accounts.repository.js';
import { FirstStartService } from './accounts/first-start.service.js';
import { Passwords } from './accounts/passwords.js';
import { RecoveryService } from './authentication/recovery.service.js';
import { RegistrationService } from './accounts/registration.service.js';
import { AuditLog } from './audit/audit-log.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditInterceptor } from './audit/audit.interceptor.js';
import { AuditRepository } from './audit/audit.repository.js';
import { ACCESS_TOKEN_SECONDS, AccessTokens, ALGORITHM, tokenSecret } from './authentication/access-tokens.js';
import { AttemptsRepository } from './accounts/attempts.repository.js';
import { AuthController } from './authentication/auth.controller.js';
import { AccessTokenStrategy, Credentials, PrincipalGuard } from './guard/principal.guard.js';
import { LockoutsService, SignInService } from './authentication/sign-in.service.js';
import { StartLink } from './authentication/start-link.service.js';
import { SignInsController, TotpController } from './authentication/sign-ins.controller.js';
import { SignInsRepository } from './authentication/sign-ins.repository.js';
import { SignInsService, TokensService } from './authentication/tokens.service.js';
import { StandingRepository } from './authentication/standing.repository.js';
import { StandingService } from './authentication/standing.service.js';
import { BrowserCookies } from './authentication/browser-cookies.js';
import { BrowserSessionController, StreamTicketsController } from './authentication/browser-session.controller.js';
import { StreamTicketsRepository } from './authentication/stream-tickets.repository.js';
import { StreamTickets } from './authentication/stream-tickets.service.js';
import { ApiKeysController, OwnApiKeysController } from './keys/api-keys.controller.js';
import { ApiKeysRepository } from './keys/api-keys.repository.js';
import { ApiKeysService } from './keys/api-keys.service.js';
import { AccountMailsRepository } from './mail/account-mails.repository.js';
import { AccountMails } from './mail/account-mails.service.js';
import { Mailer } from './mail/mailer.js';
import { GithubProvider, GoogleProvider } from './oauth/oauth-providers.js';
import { OAuthRecordsRepository } from './oauth/oauth-records.repository.js';
import { OAuthController } from './oauth/oauth.controller.js';
import { OAuthService } from './oauth/oauth.service.js';
import { OperatorController } from './operator/operator.controller.js';
import { OperatorsService } from './operator/operators.service.js';
import {
  InvitationsRepository,
  MembersRepository,
  OrganizationsRepository,
} from './organizations/organizations.repository.js';
import { InvitationsService } from './organizations/invitations.service.js';
import { JoiningController } from './organizations/joining.controller.js';
import { MembersService, OrganizationsService } from './organizations/organizations.service.js';
import { OrganizationData, OrganizationDeletionService } from './organizations/organization-deletion.service.js';
import { OrganizationDeletionRepository } from './organizations/organization-deletion.repository.js';
import { OrganizationController, OrganizationsController } from './organizations/organizations.controller.js';
import { TotpRepository } from './totp/totp.repository.js';
import { TotpService } from './totp/totp.service.js';

const tokens = JwtModule.registerAsync({
  inject: [Settings],
  useFactory: (settings: Settings) => ({
    secret: tokenSecret(settings),
    signOptions: {
      algorithm: ALGORITHM,
      expiresIn: ACCESS_TOKEN_SECONDS,
      issuer: settings.get('JWT_ISSUER'),
      audience: settings.get('JWT_AUDIENCE'),
    },
  }),
});

/** The audit log, for every feature that acts on behalf of a principal. */
@Global()
@Module({ controllers: [AuditController], providers: [AuditRepository, AuditLog], exports: [AuditLog] })
export class AuditModule {}

/** Authentication, accounts, organizations, keys and operators. */
@Global()
@Module({
  imports: [AuditModule, PassportModule, tokens],
  controllers: [
    AuthController,
    TotpController,
    SignInsController,
    BrowserSessionController,
    StreamTicketsController,
    OAuthController,
    JoiningController,
    ApiKeysController,
    OwnApiKeysController,
    OrganizationsController,
    OrganizationController,
    OperatorController,
  ],
  providers: [
    AccountsRepository,
    ApiKeysRepository,
    AttemptsRepository,
    SignInsRepository,
    StandingRepository,
    StandingService,
    Passwords,
    LockoutsService,
    SignInService,
    StartLink,
    RegistrationService,
    AccountService,
    FirstStartService,
    AccessTokens,
    AccessTokenStrategy,
    BrowserCookies,
    StreamTicketsRepository,
    StreamTickets,
    Credentials,
    TokensService,
    SignInsService,
    ApiKeysService,
    OrganizationsRepository,
    OrganizationsService,
    OrganizationData,
    OrganizationDeletionRepository,
    OrganizationDeletionService,
    MembersRepository,
    MembersService,
    InvitationsRepository,
    InvitationsService,
    OperatorsService,
    OAuthRecordsRepository,
    GoogleProvider,
    GithubProvider,
    OAuthService,
    SecretBox,
    TotpRepository,
    TotpService,
    Mailer,
    AccountMailsRepository,
    AccountMails,
    RecoveryService,
    { provide: APP_GUARD, useClass: PrincipalGuard },
    AuditInterceptor,
  ],
  exports: [ApiKeysService, Mailer, OperatorsService, OrganizationData],
})
export class IdentityModule {}
