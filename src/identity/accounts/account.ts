import { domainToASCII, domainToUnicode } from 'node:url';
import type { Role } from '../principal.js';
import type { SealedSecret } from '../../platform/secrets/secret-box.js';

/** The organization of the first start. Its members can be made operators of the platform. */
export const DEFAULT_ORGANIZATION = 'default';

/** A person. `password_hash` is null for one who only ever signed in through another provider. */
export interface User {
  user_id: string;
  email: string;
  email_verified: boolean;
  name: string;
  password_hash: string | null;
  /** In the order in which the user joined them. */
  org_ids: string[];
  /** Sign-ins (refresh families) up to this one are void, but for `sessions_kept`: set when the password changes. */
  sessions_after?: string;
  sessions_kept?: string;
  /** By organization: sign-ins to it up to this id are void. Set when the user is removed from it or gets other roles there. */
  ended_in?: Record<string, string>;
  /** The account has a second factor: a sign-in needs its code. */
  totp_enabled?: true;
  created_at: string;
}

export interface Organization {
  org_id: string;
  name: string;
  /** How many members hold `admin`; never falls to 0. */
  admin_count: number;
  /** Who created it or got it by a transfer; always an administrator. Absent in organizations of version 1.0.0. */
  owner_id?: string;
  /** Its deletion has begun: it is gone for everyone. */
  deleting_at?: string;
  created_at: string;
}

/** Whether the user has the rights of the owner. Where no owner is recorded, every administrator has them. */
export const isOwnedBy = ({ owner_id }: Pick<Organization, 'owner_id'>, user_id: string): boolean =>
  owner_id === undefined || owner_id === user_id;

/** A user in an organization. E-mail and name are copied so that a list of members is one query. */
export interface Membership {
  org_id: string;
  user_id: string;
  email: string;
  name: string;
  roles: Role[];
  created_at: string;
}

/**
 * Stored under its organization. One that was handed over instead of mailed is stored a second time, under the hash of its token;
 * a mailed one is found by its mail.
 */
export interface Invitation {
  invitation_id: string;
  org_id: string;
  email: string;
  roles: Role[];
  invited_by: string;
  created_at: string;
  /** Seconds since 1970. */
  expires_at: number;
  /** Of a token that the administrator handed over: invitations of platforms without mail. */
  token_hash?: string;
  /** The mail that carries its token. */
  mail_id?: string;
}

export const isAdmin = ({ roles }: Pick<Membership, 'roles'>): boolean => roles.includes('admin');

/**
 * The one form of an address: the local part with ASCII letters in lower case, the domain as IDNA (UTS 46) maps it. Only spellings
 * that name the same mailbox fall together: no other letter of a local part is folded, so `\u212Aate@…` (Kelvin sign) never
 * becomes `kate@…`.
 */
export function normalEmail(email: string): string {
  const trimmed = email.trim();
  const at = trimmed.lastIndexOf('@');
  const local = asciiLowerCase(trimmed.slice(0, at + 1));
  const domain = trimmed.slice(at + 1);
  return local + (domainToUnicode(domainToASCII(domain)) || asciiLowerCase(domain));
}

/** New accounts have ASCII local parts: providers disagree on what other letters are the same. */
export const hasAsciiLocalPart = (email: string): boolean => /^[\x21-\x7e]+@[^@]+$/.test(email.trim());

const asciiLowerCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

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

/** RFC 6238 with the parameters that every authenticator app supports. */
export const STEP_SECONDS = 30;
/** Codes of the neighbouring steps are accepted too, for clocks that differ. */
export const STEP_WINDOW = 1;
export const RECOVERY_CODES = 10;
/** Time to enter the code after the first factor, in seconds. */
export const CHALLENGE_SECONDS = 300;
export const CHALLENGE_ATTEMPTS = 5;

/** The second factor of a user: pending until `enabled_at` is set. */
export interface Totp {
  user_id: string;
  /** Sealed for {@link boundTo} the user. */
  secret: SealedSecret;
  /** Hashes of the recovery codes that are left. */
  recovery: Record<string, true>;
  /** The step of the last code that was used: no code of it or of an earlier step is accepted again. */
  last_step?: number;
  created_at: string;
  enabled_at?: string;
}

/** A sign-in that has passed its first factor and waits for the code. */
export interface TotpChallenge {
  user_id: string;
  /** The organization to sign in to; the user's first without it. */
  org_id?: string;
  /** How the first factor was proven. */
  method: string;
  /** As it was then: a change of the password voids the challenge. */
  sessions_after: string;
  attempts: number;
  /** Seconds since 1970. */
  expires_at: number;
}

export const boundTo = (user_id: string): string => `totp:${user_id}`;

/** Recovery codes are compared without case, spaces and hyphens. */
export const normalRecoveryCode = (code: string): string => code.toLowerCase().replaceAll(/[\s-]/g, '');
