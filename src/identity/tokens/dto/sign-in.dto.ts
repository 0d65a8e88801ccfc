export class SignInDto {
  /** @example fam_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  session_id: string;

  /**
   * The `User-Agent` of the last sign-in or refresh, at most 200 characters; null without one.
   * @example 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
   */
  device: string | null;

  /**
   * The network address of the last sign-in or refresh.
   * @example 203.0.113.7
   */
  address: string;

  /** @example '2026-11-20T10:00:00.000Z' */
  created_at: string;

  /**
   * The last sign-in or refresh: a sign-in that is used refreshes every 15 minutes.
   * @example '2026-11-20T10:30:00.000Z'
   */
  last_used_at: string;

  /**
   * Whether it is the one that this request came with.
   * @example true
   */
  current: boolean;
}

export class SignInListDto {
  sessions: SignInDto[];

  /** @example 1 */
  total: number;
}
