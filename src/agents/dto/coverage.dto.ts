/** How much of the requirement the acceptance examples have proven. The list is in `acceptance_report.json`. */
export class CoverageDto {
  /**
   * Requirements with a passed example that exercises them.
   * @example 2
   */
  proven: number;

  /**
   * Requirements without such an example.
   * @example 1
   */
  unproven: number;

  /**
   * Requirements with a failed example.
   * @example 0
   */
  contradicted: number;

  /** @example 3 */
  total: number;

  /**
   * Proven share, 0 to 1.
   * @example 0.67
   */
  share: number;

  /**
   * Names what is not proven. Null if everything is.
   * @example '1 of 3 requirements are not proven: R-3 (Explain each step). Test them before you rely on this agent.'
   */
  warning: string | null;
}
