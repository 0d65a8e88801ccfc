import { NotFoundError } from '../../shared/domain-error.js';
import type { Principal } from '../principal.js';

/** A token is for one organisation: another one's path names nothing, even if the user belongs to it. @throws NotFoundError */
export function requireOwn(principal: Principal, org_id: string): void {
  if (principal.org_id !== org_id) throw new NotFoundError('Organization', org_id);
}
