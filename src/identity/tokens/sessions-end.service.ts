import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { AuditLog } from '../audit/audit-log.js';
import type { Principal } from '../principal.js';
import { requireToken } from '../require-token.js';
import { StandingService } from '../standing/standing.service.js';
import { familyOf } from './access-tokens.js';
import { RefreshService } from './refresh.service.js';
import { ACCESS_TOKEN_SECONDS } from './token-settings.js';

/** Ends sign-ins and writes it down. */
@Injectable()
export class SessionsEndService {
  constructor(
    private readonly refreshes: RefreshService,
    private readonly standing: StandingService,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** POST /auth/logout. The access token is refused for as long as any token of its kind can live. */
  async end(principal: Principal): Promise<void> {
    const token_id = requireToken(principal);
    const { user_id, org_id } = principal;
    const forgotten_at = Math.ceil(this.clock.now().getTime() / 1000) + ACCESS_TOKEN_SECONDS;
    await Promise.all([
      this.refreshes.revokeFamily(familyOf(token_id)),
      this.standing.revokeToken(token_id, forgotten_at),
    ]);
    await this.audit.record({ org_id, actor: user_id, action: 'auth.logout', outcome: 'success' });
  }

  async recordPasswordChange({ user_id, org_id }: Principal): Promise<void> {
    await this.audit.record({ org_id, actor: user_id, action: 'auth.password_changed', outcome: 'success' });
  }
}
