export const ROLES = ['viewer', 'developer', 'orchestration_manager', 'admin', 'system_admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who stands behind a request: always inside one organisation. Part of every key and record that the request touches. */
export interface Principal {
  user_id: string;
  org_id: string;
  roles: Role[];
  via: 'token' | 'api_key' | 'development';
}

/** Whether the principal may do what takes `role`: each role includes those named before it. */
export function holds({ roles }: Pick<Principal, 'roles'>, role: Role): boolean {
  const needed = ROLES.indexOf(role);
  return roles.some((held) => ROLES.indexOf(held) >= needed);
}
