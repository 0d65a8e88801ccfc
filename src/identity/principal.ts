export type Role = 'viewer' | 'developer' | 'orchestration_manager' | 'admin' | 'system_admin';

/** Who stands behind a request: always inside one organisation. Part of every key and record that the request touches. */
export interface Principal {
  user_id: string;
  org_id: string;
  roles: Role[];
  via: 'token' | 'api_key' | 'development';
}
