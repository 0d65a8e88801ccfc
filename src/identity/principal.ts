import { NotFoundError, PermissionDeniedError } from '../shared/domain-error.js';

export const ROLES = ['viewer', 'developer', 'orchestration_manager', 'admin', 'system_admin'] as const;
export type Role = (typeof ROLES)[number];

/** What can be given to members and keys of an organization; the role of operators cannot be granted over HTTP. */
export const GRANTABLE_ROLES = ['viewer', 'developer', 'orchestration_manager', 'admin'] as const;

/** The authenticated caller of a request, always in one organization. Part of every key and record that the request touches. */
export interface Principal {
  user_id: string;
  org_id: string;
  roles: Role[];
  via: 'token' | 'api_key';
  /** The access token's `jti`, or the key's id: what signing out and the audit log name. */
  token_id?: string;
  /** An operator of the platform who entered an organization, usually without being a member of it; see `OperatorsService`. */
  is_operator?: true;
}

/** Whether the principal may do what takes `role`: each role includes those named before it. */
export function holds({ roles }: Pick<Principal, 'roles'>, role: Role): boolean {
  const needed = ROLES.indexOf(role);
  return roles.some((held) => ROLES.indexOf(held) >= needed);
}

/** The actor in the audit log: the API key if one was used, otherwise the user. */
export const actorOf = ({ via, token_id, user_id }: Principal): string =>
  via === 'api_key' && token_id !== undefined ? token_id : user_id;

/** Refuses API keys, for what users do with their own accounts. @returns the access token's `jti`. @throws PermissionDeniedError */
export function requireToken({ via, token_id }: Principal): string {
  if (via !== 'token' || token_id === undefined)
    throw new PermissionDeniedError('An API key cannot do this', { suggestion: 'Sign in and send the access token.' });
  return token_id;
}

/** A caller grants only roles that it holds. @throws PermissionDeniedError naming the others */
export function requireGrantable(principal: Principal, roles: readonly Role[]): void {
  const tooMuch = roles.filter((role) => !holds(principal, role));
  if (tooMuch.length > 0)
    throw new PermissionDeniedError('You cannot grant roles that you do not have', { details: { roles: tooMuch } });
}

/** A token is for one organization: the path of another is not found, even if the user belongs to it. @throws NotFoundError */
export function requireOwn(principal: Principal, org_id: string): void {
  if (principal.org_id !== org_id) throw new NotFoundError('Organization', org_id);
}
