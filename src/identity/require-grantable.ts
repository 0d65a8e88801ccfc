import { PermissionDeniedError } from '../shared/domain-error.js';
import { holds, type Principal, type Role } from './principal.js';

/** Nobody gives more than they hold. @throws PermissionDeniedError naming the roles that are too much */
export function requireGrantable(principal: Principal, roles: readonly Role[]): void {
  const tooMuch = roles.filter((role) => !holds(principal, role));
  if (tooMuch.length > 0)
    throw new PermissionDeniedError('You cannot give roles that you do not hold', { details: { roles: tooMuch } });
}
