import type { User } from '../accounts/account.js';

/** One sign-in: all access and refresh tokens that it led to, also those for other organizations. They end together. */
export interface RefreshFamily {
  family_id: string;
  user_id: string;
  /** The organization that the user signed in to. */
  org_id: string;
  /** Organizations that tokens of the family were issued for later. Absent in families of version 1.0.0. */
  switched?: { org_id: string; since: string }[];
  created_at: string;
  revoked_at?: string;
}

export interface RefreshToken {
  family_id: string;
  /** The organization of the token. Tokens of version 1.0.0 are for the organization of the family. */
  org_id?: string;
  /** When it was exchanged for the next one. */
  used_at?: string;
  /** Seconds since 1970. */
  expires_at: number;
}

/** A sign-in as its owner sees it. The family decides whether it stands. */
export interface SignIn {
  family_id: string;
  user_id: string;
  /** The `User-Agent`, cut to 200 characters; null without one. */
  device: string | null;
  address: string;
  created_at: string;
  /** The sign-in or its last refresh. A sign-in that is used refreshes at least every 15 minutes. */
  last_used_at: string;
  /** Seconds since 1970. */
  expires_at: number;
}

/**
 * Whether the tokens of a family are still accepted. It ends when it is revoked (logout, replay), when the user's password
 * changes (unless it is the family that changed it), and when the user is removed from one of its organizations or gets other
 * roles there. `since` and the marks of the user are ids, which are in order of time.
 */
export function familyStands(user: User, family: RefreshFamily | undefined): family is RefreshFamily {
  if (!family || family.revoked_at !== undefined) return false;
  const { family_id, org_id, switched = [] } = family;
  const { sessions_after, sessions_kept, ended_in = {} } = user;
  if (sessions_after !== undefined && family_id <= sessions_after && family_id !== sessions_kept) return false;
  return [{ org_id, since: family_id }, ...switched].every((joined) => {
    const ended = ended_in[joined.org_id];
    return ended === undefined || joined.since > ended;
  });
}
