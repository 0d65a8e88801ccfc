import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { NotFoundError } from '../../shared/domain-error.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import { type Principal, requireToken } from '../principal.js';
import { ACCESS_TOKEN_SECONDS, familyOf } from './access-tokens.js';
import { StandingService } from './standing.service.js';
import { familyStands, type RefreshFamily, type SignIn } from './sign-in.js';
import { SignInsRepository } from './sign-ins.repository.js';
import { TokensService } from './tokens.service.js';

/** The newest are shown; older ones are still ended by a change of the password. */
const MOST = 100;

/** Lists and ends the sign-ins of a user. Only their owner can, and API keys cannot. */
@Injectable()
export class SignInsService {
  constructor(
    private readonly repository: SignInsRepository,
    private readonly tokens: TokensService,
    private readonly standing: StandingService,
    private readonly accounts: AccountsRepository,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** The sign-ins that still stand, newest first, at most 100. */
  async list(principal: Principal): Promise<(SignIn & { current: boolean })[]> {
    const current = familyOf(requireToken(principal));
    const { user_id } = principal;
    const [user, known] = await Promise.all([
      this.accounts.findUser(user_id),
      this.repository.listByUser(user_id, MOST),
    ]);
    const families = await this.repository.findFamilies(known.map(({ family_id }) => family_id));
    const now = this.clock.now().getTime() / 1000;
    return known
      .filter((one, index) => user && one.expires_at > now && familyStands(user, families[index]))
      .map((one) => ({ ...one, current: one.family_id === current }));
  }

  /** Ends all tokens of a sign-in: here at once, in other processes within 4 seconds. @throws NotFoundError also for a sign-in of another user */
  async end(principal: Principal, session_id: string): Promise<void> {
    requireToken(principal);
    const { user_id, org_id } = principal;
    const signIn = await this.repository.findSignIn(user_id, session_id);
    const family = signIn && (await this.repository.findFamily(session_id));
    if (family?.user_id !== user_id || family.revoked_at !== undefined) throw new NotFoundError('Sign-in', session_id);
    await this.tokens.revokeFamily(session_id);
    await this.repository.deleteSignIn(user_id, session_id);
    const fact = { org_id, actor: user_id, action: 'auth.session_ended', target: session_id } as const;
    await this.audit.record({ ...fact, outcome: 'success' });
  }

  /** POST /auth/logout. The access token is refused for as long as any token of its kind can live. */
  async logout(principal: Principal): Promise<void> {
    const token_id = requireToken(principal);
    const { user_id, org_id } = principal;
    const forgotten_at = Math.ceil(this.clock.now().getTime() / 1000) + ACCESS_TOKEN_SECONDS;
    await Promise.all([
      this.tokens.revokeFamily(familyOf(token_id)),
      this.standing.revokeToken(token_id, forgotten_at),
    ]);
    await this.audit.record({ org_id, actor: user_id, action: 'auth.logout', outcome: 'success' });
  }

  /** DELETE /auth/session. */
  async endFamily({ family_id, user_id, org_id }: RefreshFamily): Promise<void> {
    await this.tokens.revokeFamily(family_id);
    await this.audit.record({ org_id, actor: user_id, action: 'auth.logout', outcome: 'success' });
  }

  async recordPasswordChange({ user_id, org_id }: Principal): Promise<void> {
    await this.audit.record({ org_id, actor: user_id, action: 'auth.password_changed', outcome: 'success' });
  }
}
