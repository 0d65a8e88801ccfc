export const ROLES = ['viewer', 'developer', 'orchestration_manager', 'admin', 'system_admin'] as const;
export type Role = (typeof ROLES)[number];

/** What can be given to members and keys of an organisation; operators of the platform are not made over HTTP. */
export const GRANTABLE_ROLES = ['viewer', 'developer', 'orchestration_manager', 'admin'] as const;

/** Who stands behind a request: always inside one organisation. Part of every key and record that the request touches. */
export interface Principal {
  user_id: string;
  org_id: string;
  roles: Role[];
  via: 'token' | 'api_key';
  /** The access token's `jti`, or the key's id: what signing out and the audit log name. */
  token_id?: string;
  /** An operator of the platform who entered an organisation that it need not be a member of; see `OperatorEntryService`. */
  is_operator?: true;
}

/** Whether the principal may do what takes `role`: each role includes those named before it. */
export function holds({ roles }: Pick<Principal, 'roles'>, role: Role): boolean {
  const needed = ROLES.indexOf(role);
  return roles.some((held) => ROLES.indexOf(held) >= needed);
}

/** Whom the audit log names: a key that acted by itself, else the user. */
export const actorOf = ({ via, token_id, user_id }: Principal): string =>
  via === 'api_key' && token_id !== undefined ? token_id : user_id;
