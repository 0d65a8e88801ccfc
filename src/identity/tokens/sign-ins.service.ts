import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { NotFoundError } from '../../shared/domain-error.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import type { Principal } from '../principal.js';
import { requireToken } from '../require-token.js';
import { familyOf } from './access-tokens.js';
import { familyStands } from './refresh-family.js';
import { RefreshService } from './refresh.service.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import { type SignIn, SignInsRepository } from './sign-ins.repository.js';

/** The newest are shown; older ones are still ended by a change of the password. */
const MOST = 100;

/** What users see and end of their own sign-ins. Only their owner can, and API keys cannot. */
@Injectable()
export class SignInsService {
  constructor(
    private readonly signIns: SignInsRepository,
    private readonly families: RefreshTokensRepository,
    private readonly refreshes: RefreshService,
    private readonly accounts: AccountsRepository,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** Those that still stand, newest first, at most 100. */
  async list(principal: Principal): Promise<(SignIn & { current: boolean })[]> {
    const current = familyOf(requireToken(principal));
    const { user_id } = principal;
    const [user, known] = await Promise.all([this.accounts.findUser(user_id), this.signIns.listByUser(user_id, MOST)]);
    const families = await this.families.findFamilies(known.map(({ family_id }) => family_id));
    const now = this.clock.now().getTime() / 1000;
    return known
      .filter((one, index) => user && one.expires_at > now && familyStands(user, families[index]))
      .map((one) => ({ ...one, current: one.family_id === current }));
  }

  /** Ends all tokens of a sign-in: here at once, in other processes within 4 seconds. @throws NotFoundError also for those of others */
  async end(principal: Principal, session_id: string): Promise<void> {
    requireToken(principal);
    const { user_id, org_id } = principal;
    const signIn = await this.signIns.find(user_id, session_id);
    const family = signIn && (await this.families.findFamily(session_id));
    if (family?.user_id !== user_id || family.revoked_at !== undefined) throw new NotFoundError('Sign-in', session_id);
    await this.refreshes.revokeFamily(session_id);
    await this.signIns.delete(user_id, session_id);
    const fact = { org_id, actor: user_id, action: 'auth.session_ended', target: session_id } as const;
    await this.audit.record({ ...fact, outcome: 'success' });
  }
}
