import { Injectable, Logger } from '@nestjs/common';
import { TotpService, type TotpRequired } from '../totp/totp.service.js';
import { AuditLog } from '../audit/audit-log.js';
import { type TokenPair, TokenPairs } from '../tokens/token-pairs.service.js';
import type { Membership, User } from './account.js';
import { normalEmail } from './email-address.js';
import { AccountsRepository } from './accounts.repository.js';
import { LoginService } from './login.service.js';

export interface SignedIn extends TokenPair {
  user: { user_id: string; email: string; name: string; org_id: string; roles: string[] };
}

/** Signs users in and writes it down, whichever way they proved who they are. */
@Injectable()
export class SignInService {
  private readonly logger = new Logger(SignInService.name);

  constructor(
    private readonly login: LoginService,
    private readonly accounts: AccountsRepository,
    private readonly pairs: TokenPairs,
    private readonly totp: TotpService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws UnauthenticatedError, RateLimitedError, PermissionDeniedError for a user without an organisation */
  async withPassword(email: string, password: string, address: string): Promise<SignedIn | TotpRequired> {
    const user = await this.login.requireUser(email, password, address).catch((error: unknown) => {
      // Not waited for: only accounts have a log, and the time must not tell whether there is one.
      void this.noteRefusal(normalEmail(email), address);
      throw error;
    });
    return this.afterFirstFactor(user, 'password');
  }

  /**
   * Tokens for a user who has proven the first factor, or a challenge when the account has a second one.
   * @throws and @param as {@link of}
   */
  async afterFirstFactor(user: User, method: string, membership?: Membership): Promise<SignedIn | TotpRequired> {
    if (user.totp_enabled === true) return this.totp.challenge(user, method, membership);
    return this.of(user, method, membership);
  }

  /**
   * Tokens for a user who has proven every factor that the account has.
   * @param method how: `password`, `google`, `invitation`, …
   * @param membership of the organisation to sign in to; without it the first one of the user's.
   */
  async of(user: User, method: string, membership?: Membership): Promise<SignedIn> {
    const member = membership ?? (await this.login.requireMembership(user));
    const { user_id, org_id, roles } = member;
    const pair = await this.pairs.begin(member);
    await this.audit.record({ org_id, actor: user_id, action: 'auth.login', outcome: 'success', details: { method } });
    return { ...pair, user: { user_id, email: user.email, name: user.name, org_id, roles } };
  }

  /** For another organization of the user, in the same sign-in. @throws UnauthenticatedError when that has ended */
  async switch(user: User, membership: Membership, family_id: string): Promise<SignedIn> {
    const { user_id, org_id, roles } = membership;
    const pair = await this.pairs.switch(membership, family_id);
    const details = { method: 'switch' };
    await this.audit.record({ org_id, actor: user_id, action: 'auth.login', outcome: 'success', details });
    return { ...pair, user: { user_id, email: user.email, name: user.name, org_id, roles } };
  }

  /** In the log of each organization of the account; an address without an account belongs to no organization. */
  private async noteRefusal(email: string, address: string): Promise<void> {
    try {
      const user = await this.accounts.findUserByEmail(email);
      const fact = {
        actor: address,
        action: 'auth.login',
        outcome: 'refused',
        details: { user_id: user?.user_id },
      } as const;
      for (const org_id of user?.org_ids ?? []) this.audit.note({ ...fact, org_id });
    } catch (error) {
      this.logger.error({ msg: 'a refused sign-in could not be recorded', address, err: error });
    }
  }
}
