import { Global, Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { Settings } from '../platform/config/settings.js';
import { SecretBox } from '../platform/secrets/secret-box.js';
import { AccountService } from './accounts/account.service.js';
import { AccountsRepository } from './accounts/accounts.repository.js';
import { AuthController } from './accounts/auth.controller.js';
import { FirstStartService } from './accounts/first-start.service.js';
import { LockoutsService } from './accounts/lockouts.service.js';
import { LoginService } from './accounts/login.service.js';
import { Passwords } from './accounts/passwords.js';
import { RegistrationService } from './accounts/registration.service.js';
import { SignInFailuresRepository } from './accounts/sign-in-failures.repository.js';
import { SignInService } from './accounts/sign-in.service.js';
import { AttemptCounts } from './attempt-counts.repository.js';
import { AccessRefusals } from './audit/access-refusals.js';
import { AuditInterceptor } from './audit/audit.interceptor.js';
import { AuditModule } from './audit/audit.module.js';
import { Credentials } from './credentials.js';
import { ApiKeyLogin } from './keys/api-key-login.service.js';
import { ApiKeysController } from './keys/api-keys.controller.js';
import { ApiKeysService } from './keys/api-keys.service.js';
import { ApiKeysRepository } from './keys/api-keys.repository.js';
import { AccountMailsRepository } from './mail/account-mails.repository.js';
import { AccountMails } from './mail/account-mails.service.js';
import { Mailer } from './mail/mailer.js';
import { GithubProvider } from './oauth/github.provider.js';
import { GoogleProvider } from './oauth/google.provider.js';
import { OAuthExchange } from './oauth/oauth-exchange.service.js';
import { OAuthFlow } from './oauth/oauth-flow.service.js';
import { OAuthProviders } from './oauth/oauth-providers.js';
import { OAuthRecordsRepository } from './oauth/oauth-records.repository.js';
import { OAuthController } from './oauth/oauth.controller.js';
import { InvitationsController } from './organizations/invitations.controller.js';
import { InvitationsRepository } from './organizations/invitations.repository.js';
import { InvitationsService } from './organizations/invitations.service.js';
import { JoiningController } from './organizations/joining.controller.js';
import { JoiningService } from './organizations/joining.service.js';
import { MembersController } from './organizations/members.controller.js';
import { MembersRepository } from './organizations/members.repository.js';
import { MembersService } from './organizations/members.service.js';
import { OrganizationsController } from './organizations/organizations.controller.js';
import { OrganizationData } from './organizations/organization-data.js';
import { OrganizationDeletionRepository } from './organizations/organization-deletion.repository.js';
import { OrganizationDeletionService } from './organizations/organization-deletion.service.js';
import { OrganizationsRepository } from './organizations/organizations.repository.js';
import { OwnershipController } from './organizations/ownership.controller.js';
import { OwnershipService } from './organizations/ownership.service.js';
import { OrganizationsService } from './organizations/organizations.service.js';
import { PrincipalGuard } from './principal.guard.js';
import { RecoveryController } from './recovery/recovery.controller.js';
import { RecoveryService } from './recovery/recovery.service.js';
import { StandingCache } from './standing/standing-cache.js';
import { StandingRepository } from './standing/standing.repository.js';
import { StandingService } from './standing/standing.service.js';
import { AccessTokenLogin } from './tokens/access-token-login.service.js';
import { AccessTokenStrategy } from './tokens/access-token.strategy.js';
import { AccessTokens } from './tokens/access-tokens.js';
import { RefreshService } from './tokens/refresh.service.js';
import { RefreshTokensRepository } from './tokens/refresh-tokens.repository.js';
import { SignInsController } from './tokens/sign-ins.controller.js';
import { SignInsRepository } from './tokens/sign-ins.repository.js';
import { SignInsService } from './tokens/sign-ins.service.js';
import { SessionsEndService } from './tokens/sessions-end.service.js';
import { TokenPairs } from './tokens/token-pairs.service.js';
import { TotpController } from './totp/totp.controller.js';
import { TotpRepository } from './totp/totp.repository.js';
import { TotpService } from './totp/totp.service.js';
import { ACCESS_TOKEN_SECONDS, ALGORITHM, tokenSecret } from './tokens/token-settings.js';

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

/** Who is calling, and what they may do. */
@Global()
@Module({
  imports: [AuditModule, PassportModule, tokens],
  controllers: [
    AuthController,
    RecoveryController,
    TotpController,
    SignInsController,
    OAuthController,
    JoiningController,
    ApiKeysController,
    OrganizationsController,
    MembersController,
    OwnershipController,
    InvitationsController,
  ],
  providers: [
    AccountsRepository,
    SignInFailuresRepository,
    ApiKeysRepository,
    RefreshTokensRepository,
    StandingRepository,
    StandingCache,
    StandingService,
    Passwords,
    LockoutsService,
    LoginService,
    SignInService,
    RegistrationService,
    AccountService,
    FirstStartService,
    AccessTokens,
    AccessTokenStrategy,
    AccessTokenLogin,
    TokenPairs,
    RefreshService,
    SignInsRepository,
    SignInsService,
    SessionsEndService,
    ApiKeyLogin,
    ApiKeysService,
    OrganizationsService,
    OrganizationsRepository,
    OwnershipService,
    OrganizationData,
    OrganizationDeletionRepository,
    OrganizationDeletionService,
    MembersRepository,
    MembersService,
    InvitationsRepository,
    InvitationsService,
    JoiningService,
    OAuthRecordsRepository,
    GoogleProvider,
    GithubProvider,
    OAuthProviders,
    OAuthFlow,
    OAuthExchange,
    AttemptCounts,
    SecretBox,
    TotpRepository,
    TotpService,
    Mailer,
    AccountMailsRepository,
    AccountMails,
    RecoveryService,
    AccessRefusals,
    Credentials,
    { provide: APP_GUARD, useClass: PrincipalGuard },
    { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
  ],
  exports: [
    AccountsRepository,
    MembersRepository,
    ApiKeysRepository,
    RegistrationService,
    SignInService,
    AccessTokens,
    Mailer,
    OrganizationData,
  ],
})
export class IdentityModule {}
