import type { SealedSecret } from '../../platform/secrets/secret-box.js';

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
