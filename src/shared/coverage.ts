/** How much of a requirement the acceptance examples of a build have proven. Counts are of numbered requirements. */
export interface Coverage {
  /** An example that exercises the requirement passed, and none failed. */
  proven: number;
  /** No example exercises the requirement. */
  unproven: number;
  /** An example that exercises the requirement failed. */
  contradicted: number;
  total: number;
  /** `proven` of `total`, 0 to 1, rounded to two digits. */
  share: number;
  /** Names what is not proven. Null when everything is. */
  warning: string | null;
}
