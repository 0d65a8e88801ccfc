import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../shared/domain-error.js';
import { DEFAULT_ORGANIZATION } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { AuditLog } from '../audit/audit-log.js';
import type { Principal } from '../principal.js';
import { requireToken } from '../require-token.js';
import { AccessTokens, familyOf } from '../tokens/access-tokens.js';

/**
 * The one way for an operator of the platform to administer an organisation of others: to enter it. That gives a token of its
 * own, for 15 minutes, and is in the organisation's audit log with the reason.
 */
@Injectable()
export class OperatorEntryService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly tokens: AccessTokens,
    private readonly audit: AuditLog,
  ) {}

  /**
   * No token is given unless both logs say so: the organisation's own, and that of the operators.
   * @returns an access token. @throws NotFoundError, PermissionDeniedError for API keys, DatabaseError
   */
  async enter(principal: Principal, org_id: string, reason: string): Promise<string> {
    const token_id = requireToken(principal);
    if (!(await this.accounts.findOrganization(org_id))) throw new NotFoundError('Organization', org_id);
    const fact = {
      actor: principal.user_id,
      action: 'operator.entered',
      outcome: 'success',
      target: org_id,
      details: { reason },
    } as const;
    const logs = new Set([org_id, DEFAULT_ORGANIZATION]);
    await Promise.all([...logs].map((log) => this.audit.record({ ...fact, org_id: log })));
    return this.tokens.signForOperator(principal.user_id, org_id, familyOf(token_id));
  }
}
