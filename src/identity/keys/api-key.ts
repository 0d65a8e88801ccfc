import type { Role } from '../principal.js';

/** A key for programs. It acts as who created it, never with more than that user's roles. */
export interface ApiKey {
  key_id: string;
  org_id: string;
  name: string;
  roles: Role[];
  created_by: string;
  created_at: string;
  /** ISO 8601; null: until it is deleted. */
  expires_at_time: string | null;
  /** At most five minutes behind. */
  last_used_at?: string;
  key_hash: string;
}

export const KEY_PREFIX = 'nxs_';
